"""The registry of erasers: higher floors are asked first, a key is known by a digest that names nobody."""

from __future__ import annotations

import pytest

from teams.work import erasing
from teams.work.erasing import Doomed, erasers, key_digest, register_eraser
from tests.factories import OrganizationFactory


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, erasing.Registered]:
    empty: dict[str, erasing.Registered] = {}
    monkeypatch.setattr(erasing, "ERASERS", empty)
    return empty


def test_what_was_registered_last_is_asked_first_and_a_name_stands_for_one_eraser(registry: object) -> None:
    register_eraser("rows", lambda doomed: 1, at_once=True)
    register_eraser("files", lambda doomed: 2, words="files")
    register_eraser("tasks", lambda doomed: 3, at_once=True)
    register_eraser("files", lambda doomed: 4, words="files and more")
    assert [row.name for row in erasers(at_once=True)] == ["tasks", "rows"]
    assert [(row.name, row.words) for row in erasers(at_once=False)] == [("files", "files and more")]


@pytest.mark.django_db
def test_a_key_is_recognised_by_its_stream_and_organization_alone() -> None:
    ours, theirs = OrganizationFactory(), OrganizationFactory()
    doomed = Doomed(ours, (7,), keys={key_digest(ours, 1, "ann@example.test")})
    assert doomed.holds(1, "ann@example.test")
    assert not doomed.holds(2, "ann@example.test")
    assert not doomed.holds(1, "bob@example.test")
    assert key_digest(theirs, 1, "ann@example.test") not in doomed.keys
