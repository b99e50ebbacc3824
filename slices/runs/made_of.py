"""What a model was made of: the run, the snapshot it learnt from, whose answers those were, and to which questions."""

from __future__ import annotations

import hmac
from collections import Counter
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count
from django.utils.translation import gettext as _

from projects.streams.models import ModelVersion
from slices.runs.models import Run
from slices.snapshots.grades import Grade, grade_of
from slices.snapshots.manifest import read
from slices.snapshots.models import Snapshot
from teams.identity.models import Organization, User

RUNS = 10
KEPT = 24 * 3600  # seconds; a snapshot's answers only change by an erasure, which is in the key


class Said(NamedTuple):
    """Whose answers, and to which version of the questions: author, person named by an import, schema."""

    author: int | None
    outside: int | None
    schema: int


def counted(snapshot: Snapshot, grade: Grade) -> Counter[Said]:
    """How many answers in a snapshot are whose; nothing where its files are gone."""
    key = key_of(snapshot, grade)
    known: list[tuple[Any, ...]] | None = cache.get(key)
    if known is not None:
        return Counter({Said(*said): n for *said, n in known})
    found = count(snapshot) if grade.name != "expired" else Counter()
    cache.set(key, [(*said, n) for said, n in found.items()], KEPT)
    return found


def key_of(snapshot: Snapshot, grade: Grade) -> str:
    """Where the counts are remembered."""
    return f"made-of-{snapshot.organization_id}-{snapshot.pk}-{grade}"


def is_counted(snapshot: Snapshot, grade: Grade) -> bool:
    """Whether the counts are remembered."""
    return cache.get(key_of(snapshot, grade)) is not None


def count(snapshot: Snapshot) -> Counter[Said]:
    """By the manifest, a batch at a time; answers to what was erased are gone, and counted no more."""
    found: Counter[Said] = Counter()
    for batch in read(snapshot):
        wanted = [member.annotation_id for member in batch if member.annotation_id]
        rows = snapshot.organization.annotations.filter(pk__in=wanted).order_by()
        for *said, n in rows.values_list("author", "said_by", "schema").annotate(n=Count("pk")):
            found[Said(*said)] += n
    return found


def people(organization: Organization, found: Counter[Said], *, by_name: bool) -> list[dict[str, Any]]:
    """Answers by person, the most first: by name, or by an id that says nothing outside this organization."""
    by_person: Counter[tuple[int | None, int | None]] = Counter()
    for said, n in found.items():
        by_person[said.author, said.outside if said.author is None else None] += n
    names = names_of(organization, list(by_person)) if by_name else {}
    total = found.total()
    return [
        {"who": pseudonym(organization, *who), "name": names.get(who), "n": n, "share": round(n / total, 4)}
        for who, n in by_person.most_common()
    ]


def names_of(
    organization: Organization, who: list[tuple[int | None, int | None]]
) -> dict[tuple[int | None, int | None], str]:
    """What these people are called."""
    members = User.objects.filter(pk__in=[author for author, _outside in who if author is not None])
    ours = {row.pk: str(row) for row in members}
    outside = [pk for _author, pk in who if pk is not None]
    theirs = dict(organization.imported_people.filter(pk__in=outside).values_list("pk", "name"))
    return {
        (author, pk): ours.get(author, "") if author is not None else theirs.get(pk or 0, _("an import"))
        for author, pk in who
    }


def pseudonym(organization: Organization, author: int | None, outside: int | None) -> str:
    """The same person is the same in every lineage of the organization; who that is cannot be computed outside it."""
    text = f"author\x1f{author}\x1foutside\x1f{outside}".encode()
    return hmac.digest(bytes(organization.digest_key), text, "sha256").hex()[:16]


def schemas(organization: Organization, found: Counter[Said]) -> list[dict[str, Any]]:
    """Answers by the version of the questions, the newest first."""
    by_schema: Counter[int] = Counter()
    for said, n in found.items():
        by_schema[said.schema] += n
    rows = organization.label_schemas.filter(pk__in=list(by_schema)).order_by("-version", "-pk")
    return [
        {"id": row.pk, "version": row.version, "n": by_schema[row.pk]}
        | {"share": round(by_schema[row.pk] / found.total(), 4)}
        for row in rows
    ]


def made_of(model: ModelVersion, *, by: str | None, by_name: bool) -> list[dict[str, Any]]:
    """The runs that made a model, newest first, each with what it learnt from."""
    rows = model.organization.runs.filter(model_version=model, kind=Run.Kind.TRAIN, snapshot__isnull=False)
    found = rows.select_related("organization", "snapshot__organization").order_by("-pk")
    return [one_run(run, run.snapshot, by, by_name) for run in found[:RUNS] if run.snapshot is not None]


def one_run(run: Run, snapshot: Snapshot, by: str | None, by_name: bool) -> dict[str, Any]:
    """One of them."""
    grade = grade_of(snapshot)
    found = counted(snapshot, grade)
    names = ("manifest_sha256", "content_sha256", "n_total", "as_of")
    return {
        "run": run.pk,
        "attempt": run.attempt,
        "snapshot": {"id": snapshot.pk, "grade": str(grade)}
        | {name: getattr(snapshot, name) for name in names},
        "n_answers": found.total(),
        "by_annotator": people(run.organization, found, by_name=by_name) if by != "schema" else None,
        "by_schema": schemas(run.organization, found) if by != "annotator" else None,
    }
