"""Files of snapshots that nothing needs go after some time; hashes, counts and the row stay, and pins hold them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from slices.definitions.actions import Definition, create_slice, current
from slices.models import Keeping, Pin, Snapshot
from slices.snapshots.actions import freeze
from slices.snapshots.expiring import discard
from slices.snapshots.pinning import kept_for, pin, reasons, release
from slices.snapshots.rows import rows_name
from teams.access.actions import issue_token
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from teams.work.clock import DUE_SOURCES
from tests.factories import (
    EvaluationFactory,
    ExampleFactory,
    ModelVersionFactory,
    ProjectFactory,
    RunFactory,
    StreamFactory,
    member,
    token,
)

FILES = ("download", "manifest", "members", "digests", "download?format=parquet")


@pytest.fixture
def stream() -> Any:
    made = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    for name in ("ann", "bob"):
        ExampleFactory(stream=made, key=name, text=f"{name} was here")
    return made


@pytest.fixture
def script(stream, api) -> Any:
    return api(token(stream.organization, stream.project)[1])


def frozen(stream: Any, slug: str = "all", ago: timedelta = timedelta()) -> Snapshot:
    definition = Definition(labels="any", splits=("train", "val"))
    made = create_slice(stream=stream, slug=slug, name=slug, definition=definition, by=None)
    return freeze(slice_version=current(made), role="train", as_of=timezone.now() - ago, by=None)


def later(days: float = 0) -> None:
    """The clock's turn, and the work it leaves, when snapshots have been kept for that long and some days more."""
    DUE_SOURCES["snapshots"](timezone.now() + kept_for() + timedelta(days=days))
    call_command("work", "--all", "--once")


def statuses(script: Any, snapshot: Snapshot) -> dict[str, int]:
    found = {name: script.get(f"/api/v1/snapshots/{snapshot.pk}/{name}") for name in FILES}
    for answer in found.values():
        if answer.status_code == 200:
            answer.getvalue()
    return {name: answer.status_code for name, answer in found.items()}


def kept(files: Path) -> list[str]:
    return sorted(path.name for path in files.rglob("*") if path.is_file())


@pytest.mark.django_db
def test_what_nothing_needs_loses_its_files_and_keeps_its_row_hashes_and_counts(
    stream, script, files: Path
) -> None:
    snapshot = frozen(stream)
    url = f"/api/v1/snapshots/{snapshot.pk}"
    before = script.get(url).json()
    assert len(kept(files)) == 6, "rows, digests of rows, manifest, and the digest beside each"
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 200)
    later(days=-1)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 200)
    later(days=1)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 410)
    assert script.get(url).json() == before | {"grade": "expired"}
    assert kept(files) == []
    gone = script.get(f"{url}/download")
    assert (gone["Content-Type"], gone.json()["code"], gone.json()["detail"]) == (
        "application/problem+json",
        "expired",
        "The files of this snapshot were kept long enough; its hashes and counts stay.",
    )
    asked = script.post(f"{url}/exports", {"format": "csv"}, content_type="application/json")
    assert (asked.status_code, asked.json()["code"]) == (410, "expired")
    assert script.get(f"{url}/evidence").json()["manifest_sha256"] == snapshot.manifest_sha256
    assert Event.objects.filter(kind="snapshot.expired").count() == 1
    later(days=2)
    assert Event.objects.filter(kind="snapshot.expired").count() == 1


@pytest.mark.django_db
def test_its_page_says_that_the_files_are_gone_and_offers_none(stream, page) -> None:
    snapshot = frozen(stream)
    later(days=1)
    owner = member(stream.organization, Role.OWNER)
    here = f"/o/{stream.organization.slug}/projects/digits/snapshots/{snapshot.pk}/"
    shown = page(owner).get(here).content.decode()
    assert ("Files gone" in shown, "Download the rows" in shown, "Make the files" in shown) == (
        True,
        False,
        False,
    )
    assert page(owner).get(f"{here}download/?format=jsonl").status_code == 303


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("use", "why"),
    [
        ("pin", "The paper cites it"),
        ("model", "A model learnt from it"),
        ("evaluation", "A model was measured on it"),
        ("run", "A run is using it"),
        ("held to", "A run is using it"),
    ],
)
def test_what_somebody_or_something_needs_keeps_its_files(stream, script, use: str, why: str) -> None:
    snapshot, other = frozen(stream), frozen(stream, "other", timedelta(minutes=1))
    owner, project = member(stream.organization, Role.OWNER), stream.project
    if use == "pin":
        pin(snapshot=snapshot, reason=why, by=owner)
    elif use == "model":
        model = ModelVersionFactory(project=project)
        RunFactory(project=project, snapshot=snapshot, model_version=model, state="succeeded")
    elif use == "evaluation":
        EvaluationFactory(snapshot=snapshot, model_version=ModelVersionFactory(project=project))
    elif use == "run":
        RunFactory(project=project, snapshot=snapshot)
    else:
        RunFactory(project=project, eval_snapshot=snapshot)
    both = [snapshot.pk, other.pk]
    found = reasons(stream.organization, both)
    assert {pk: list(map(str, said)) for pk, said in found.items()} == {snapshot.pk: [why]}
    later(days=1)
    later(days=400)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 200)
    gone = Keeping.objects.exclude(expired_at=None)
    assert list(gone.values_list("snapshot", flat=True)) == [other.pk]


@pytest.mark.django_db
def test_what_was_let_go_is_kept_no_longer_than_others(stream, script) -> None:
    snapshot, owner = frozen(stream), member(stream.organization, Role.OWNER)
    held = pin(snapshot=snapshot, reason="The paper cites it", by=owner)
    assert pin(snapshot=snapshot, reason="The paper cites it", by=owner) == held
    second = pin(snapshot=snapshot, reason="An audit", by=owner)
    release(pin=held, by=owner)
    later(days=1)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 200)
    release(pin=second, by=owner)
    release(pin=second, by=owner)
    later(days=3)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 410)
    with pytest.raises(Refused, match="gone already"):
        pin(snapshot=snapshot, reason="Too late", by=owner)
    kinds = Event.objects.filter(kind__in=("snapshot.pinned", "snapshot.released")).order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["snapshot.pinned"] * 2 + ["snapshot.released"] * 2


@pytest.mark.django_db
def test_let_go_while_young_it_stays_for_its_time(stream, script) -> None:
    snapshot, owner = frozen(stream), member(stream.organization, Role.OWNER)
    release(pin=pin(snapshot=snapshot, reason="An hour", by=owner), by=owner)
    later(days=-170)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 200)
    later(days=1)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 410)


@pytest.mark.django_db
def test_a_file_that_equal_snapshots_share_stays_while_one_of_them_needs_it(stream, script, files) -> None:
    one, other = frozen(stream), frozen(stream, "same")
    assert rows_name(one) == rows_name(other)
    owner = member(stream.organization, Role.OWNER)
    held = pin(snapshot=other, reason="The paper cites it", by=owner)
    later(days=1)
    assert (statuses(script, one), statuses(script, other)) == (
        dict.fromkeys(FILES, 410),
        dict.fromkeys(FILES, 200),
    )
    release(pin=held, by=owner)
    later(days=3)
    assert (statuses(script, other), kept(files)) == (dict.fromkeys(FILES, 410), [])
    discard(stream.organization, other.pk)
    assert kept(files) == []


@pytest.mark.django_db
def test_frozen_again_after_its_equal_expired_the_files_are_there_again(stream, script) -> None:
    one = frozen(stream)
    later(days=1)
    other = frozen(stream, "same")
    assert other.manifest_sha256 == one.manifest_sha256
    assert (statuses(script, one), statuses(script, other)) == (
        dict.fromkeys(FILES, 410),
        dict.fromkeys(FILES, 200),
    )


@pytest.mark.django_db
def test_a_pipeline_pins_and_lets_go(stream, api) -> None:
    snapshot = frozen(stream)
    verbs = ["projects.view_project", "projects.export_project", "projects.manage_project"]
    owner = member(stream.organization, Role.OWNER)
    organization = stream.organization
    made = issue_token(organization=organization, user=owner, name="pins", verbs=verbs, by=None)
    script = api(made[1])
    url = f"/api/v1/snapshots/{snapshot.pk}/pins"
    made = script.post(url, {"reason": "An audit"}, content_type="application/json")
    again = script.post(url, {"reason": "An audit"}, content_type="application/json")
    assert (made.status_code, again.json()) == (201, made.json())
    assert again.status_code == 200
    assert script.get(url).json() == {"results": [made.json()], "next": None}
    later(days=1)
    assert statuses(script, snapshot) == dict.fromkeys(FILES, 200)
    assert [script.delete(f"{url}/{made.json()['id']}").status_code for _ in range(2)] == [204, 204]
    assert script.get(url).json() == {"results": [], "next": None}
    later(days=3)
    late = script.post(url, {"reason": "An audit"}, content_type="application/json")
    assert (late.status_code, late.json()["detail"]) == (
        409,
        "Its files are gone already; only hashes and counts are left.",
    )
    assert script.post(url, {"reason": ""}, content_type="application/json").status_code == 422


@pytest.mark.django_db
def test_a_manager_keeps_it_on_its_page_says_why_and_lets_it_go(stream, page) -> None:
    snapshot = frozen(stream)
    here = f"/o/{stream.organization.slug}/projects/digits/snapshots/{snapshot.pk}/"
    manager, labeler = (page(member(stream.organization, role)) for role in (Role.OWNER, Role.LABELER))
    assert "Nothing needs it" in manager.get(here).content.decode()
    assert manager.post(f"{here}pins/", {"reason": "The paper cites it"}).status_code == 303
    shown = manager.get(here).content.decode()
    assert ("The paper cites it" in shown, "Nothing needs it" in shown, "Let go" in shown) == (
        True,
        False,
        True,
    )
    held = Pin.objects.get(released_at=None)
    assert labeler.post(f"{here}pins/", {"reason": "Mine"}).status_code in (403, 404)
    assert manager.post(f"{here}pins/", {"reason": ""}, follow=True).status_code == 200
    manager.post(f"{here}pins/{held.pk}/release/")
    assert "Nothing needs it" in manager.get(here).content.decode()
    assert Pin.objects.filter(released_at=None).count() == 0
