"""A database that is restored from a backup has forgotten what was erased since; the files beside it have not."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command

from projects.models import Erasure, Example, Prediction
from projects.streams.tombstones import Tombstone
from teams.models import Event
from tests.factories import ExampleFactory, PredictionFactory, ProjectFactory, StreamFactory, token

ROWS = "/api/v1/projects/digits/streams/tags/examples"


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


def work() -> None:
    call_command("work", "--all", "--once")


def replay() -> str:
    said = StringIO()
    call_command("replay_erasures", stdout=said)
    work()
    return said.getvalue()


def erase(stream: Any, *rows: Any) -> None:
    from projects.erasure.actions import erase
    from projects.erasure.choosing import Wanted

    wanted = Wanted(ids=tuple(row.pk for row in rows))
    erase(project=stream.project, stream=None, wanted=wanted, reference="case 12", by=None)
    work()


def restore(saved: str) -> None:
    """As a backup from before the erasure would: its rows are here again, and nothing says that they were erased."""
    Tombstone.objects.all().delete()
    Erasure.objects.all().delete()
    for row in serializers.deserialize("json", saved):
        row.save()


@pytest.mark.django_db
def test_what_was_erased_after_the_backup_is_erased_again(stream, api) -> None:
    ann, bob, late = (
        ExampleFactory(stream=stream, key=key, text=f"{key} was here") for key in ("ann", "bob", "late")
    )
    said = PredictionFactory(example=ann)
    saved = serializers.serialize("json", [ann, said])
    erase(stream, ann)
    erase(stream, late)
    restore(saved)
    assert Example.objects.filter(key="ann").count() == 1
    assert replay() == f"{stream.organization.slug}: 2 examples erased again\n"
    assert list(Example.objects.values_list("key", flat=True)) == ["bob"]
    assert Prediction.objects.count() == 0
    script = api(token(stream.organization, stream.project)[1])
    assert script.get(f"/api/v1/examples/{ann.pk}").status_code == 410
    for key in ("ann", "late"):
        sent = script.post(
            ROWS, {"examples": [{"key": key, "text": "again"}]}, content_type="application/json"
        )
        assert (key, "erased" in sent.content.decode()) == (key, True)
    assert {row.reference for row in Erasure.objects.all()} == {"case 12"}
    assert Erasure.objects.filter(done_at=None).count() == 0
    assert Event.objects.filter(kind="erasure.replayed").count() == 2
    assert replay() == f"{stream.organization.slug}: 0 examples erased again\n"
    assert bob.pk > 0


@pytest.mark.django_db
def test_another_example_with_a_number_that_was_given_again_stays(stream) -> None:
    ann, bob = ExampleFactory(stream=stream, key="ann"), ExampleFactory(stream=stream, key="bob")
    erase(stream, ann, bob)
    restore("[]")
    for row in (ann, bob):
        other = ExampleFactory(pk=row.pk, stream=stream, key=f"not {row.key}")
        PredictionFactory(example=other)
    ExampleFactory(stream=stream, key="ann")
    replay()
    assert list(Example.objects.order_by("pk").values_list("key", flat=True)) == ["not ann", "not bob"]
    assert Prediction.objects.count() == 2


@pytest.mark.django_db
def test_without_a_restore_there_is_nothing_to_do(stream) -> None:
    erase(stream, ExampleFactory(stream=stream, key="ann"))
    assert replay() == f"{stream.organization.slug}: 0 examples erased again\n"
    assert Erasure.objects.count() == 1
