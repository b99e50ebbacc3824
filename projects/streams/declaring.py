"""A stream's attributes change: what is declared, and what that asks of the rows that are here.

Whatever relies on an attribute is asked first, then the rows. Few rows are looked at on the spot, many by a job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from projects.schemas.fields import (
    COLUMNS_OF,
    DEMOTING,
    PROMOTED,
    PROMOTING,
    FieldSpec,
    check_fields,
    field_specs,
)
from projects.streams.contradictions import BATCH, TEXTS, Contradicted, Found, look, means_less, narrowed
from projects.streams.dependents import dependents_of
from projects.streams.fieldlocks import change_alone
from projects.streams.models import FieldWork, Stream
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue

AT_ONCE = 4 * BATCH  # rows that are looked at while the caller waits
MOST_NAMES = 5
STEP = "streams.fields"
# A column is emptied only when nobody can be reading it any more who began while it was quick.
GRACE = timedelta(minutes=2)

Rows = list[dict[str, Any]]
END = 2**63 - 1
USUAL = {"nullable": True, "pii": False}  # not written down


def revision_of(stream: Stream) -> str:
    """Twelve characters that differ when the declarations do; how far a promotion is makes no difference."""
    rows = [{name: value for name, value in row.items() if name != "state"} for row in stream.fields]
    return hashlib.sha256(msgspec.json.encode(rows, order="deterministic")).hexdigest()[:12]


@transaction.atomic
def change_fields(
    *,
    stream: Stream,
    wanted: Sequence[Mapping[str, Any]],
    despite: bool = False,
    revision: str | None = None,
    by: User | None,
) -> FieldWork | None:
    """Declare a stream's attributes anew: all of them, each with `promoted` if it shall be quick to slice by.

    None when it is done; the work that still looks at the rows where there are many. A later change takes the place
    of one that is still looking. With `despite`, values that contradict stay, and count as missing in conditions.

    Raises Refused: 422 for declarations that make no sense; 409 `stale` where they are not those of `revision` any
    more, `relied_on` where something relies on what would change, `contradicted` (Contradicted) where rows do.
    """
    running = stream.organization.field_works.filter(stream=stream, state=FieldWork.State.RUNNING)
    list(running.select_for_update())  # before the stream, as a work that ends does
    change_alone(stream)
    if revision is not None and revision != revision_of(stream):
        raise Refused(_("The attributes were changed meanwhile; look at them again."), code="stale")
    rows = planned(stream, wanted)
    check_relied_on(stream, rows)
    end(running.filter(kind=FieldWork.Kind.CHECK), FieldWork.State.CANCELLED)
    if not despite:
        rest = looked_at(stream, rows)
        if rest is not None:
            return begin(
                stream, FieldWork.Kind.CHECK, by, wanted=list(wanted), revision=revision_of(stream), **rest
            )
    apply(stream, rows, by)
    return None


def differs(stream: Stream, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it would change anything. Raises Refused for what makes no sense."""
    return settled_specs(planned(stream, wanted)) != settled_specs(stream.fields)


def settled_specs(rows: Sequence[Mapping[str, Any]]) -> dict[str, FieldSpec]:
    """Declarations to compare: that a column is promoted may be said or not."""
    specs = field_specs(rows).items()
    return {name: replace(spec, state=spec.state or PROMOTED if spec.column else "") for name, spec in specs}


def from_nothing(wanted: Sequence[Mapping[str, Any]]) -> Rows:
    """The declarations of a stream that has no examples yet: what shall be quick is so from the first one on."""
    rows = planned(Stream(fields=[]), wanted)
    return [{name: value for name, value in row.items() if name != "state"} for row in rows]


def planned(stream: Stream, wanted: Sequence[Mapping[str, Any]]) -> Rows:
    """The declarations as they will be kept, with columns. Raises Refused for what makes no sense."""
    plain = [{name: value for name, value in row.items() if name != "promoted"} for row in wanted]
    check_fields([{**row, "column": None} for row in plain])
    old = {row["name"]: row for row in stream.fields}
    taken = {row["column"] for row in stream.fields if row.get("column")}
    rows = [
        column_for(row, old.get(row["name"], {}), ask.get("promoted"), taken)
        for row, ask in zip(plain, wanted, strict=True)
    ]
    check_gone(stream, rows)
    return rows


def column_for(
    row: dict[str, Any], was: Mapping[str, Any], promoted: bool | None, taken: set[str]
) -> dict[str, Any]:
    """A declaration with its column: the one it had, a free one, or the one it loses."""
    column, state = was.get("column"), was.get("state", PROMOTED)
    kept = {name: value for name, value in row.items() if value not in ("", [], None, USUAL.get(name))}
    if promoted is None:
        promoted = column is not None and state != DEMOTING
    if column is None and not promoted:
        return kept
    if column is None:
        column, state = free(kept, taken), PROMOTING
    elif column not in COLUMNS_OF.get(row["type"], ()):
        raise wrong(
            _("“%(name)s” is quick as it is; take it off its quick column before its type changes."), row
        )
    elif not promoted:
        state = DEMOTING
    elif state == DEMOTING:
        state = PROMOTING
    return kept | {"column": column, "state": state}


def free(row: Mapping[str, Any], taken: set[str]) -> str:
    """A column that nobody has; it is taken from now on."""
    columns = COLUMNS_OF.get(row["type"])
    if columns is None:
        raise wrong(_("“%(name)s” cannot be quick: only texts, enums and numbers can."), row)
    column = next((one for one in columns if one not in taken), None)
    if column is None:
        raise wrong(
            _("No column is free for “%(name)s”: take another attribute off its quick column first."), row
        )
    taken.add(column)
    return column


def check_gone(stream: Stream, rows: Rows) -> None:
    """An attribute with a column is not forgotten, nor the one that keeps training and testing apart."""
    names = {row["name"]: row for row in rows}
    for row in stream.fields:
        if row["name"] not in names and row.get("column"):
            raise wrong(_("“%(name)s” is quick: take it off its quick column before it goes."), row)
    split = names.get(stream.split_by, {}).get("type")
    if stream.split_by and split not in TEXTS:
        raise wrong(_("Examples are split by “%(name)s”: it stays, as a text."), {"name": stream.split_by})


def check_relied_on(stream: Stream, rows: Rows) -> None:
    """Nothing changes its meaning behind the back of a slice, a queue or a schedule."""
    before, after = field_specs(stream.fields), field_specs(rows)
    touched = frozenset(
        name for name, spec in before.items() if name not in after or means_less(spec, after[name])
    )
    called = sorted({one.called for one in dependents_of(stream, touched)})
    if called:
        names, more = ", ".join(called[:MOST_NAMES]), len(called) - MOST_NAMES
        if more > 0:
            names += ngettext(" and %(n)s more", " and %(n)s more", more) % {"n": more}
        sentence = _("This would change what %(names)s means: change that first.") % {"names": names}
        raise Refused(sentence, code="relied_on")


def looked_at(stream: Stream, rows: Rows) -> dict[str, Any] | None:
    """None when all rows fit; how far it came when there are more than can be looked at now. Raises Contradicted."""
    specs = narrowed(field_specs(stream.fields), field_specs(rows))
    first, last = ids_of(stream)
    if not specs or last == 0:
        return None
    found: Found = {}
    at, seen, step = first - 1, 0, BATCH
    while step == BATCH and seen < AT_ONCE:
        at, step = look(stream, specs, found, at, END)
        seen += step
    if found and step < BATCH:
        raise Contradicted(found, seen)
    rest = {"begin_id": first - 1, "at_id": at, "upto": last, "seen": seen, "found": found}
    return rest if step == BATCH else None


def ids_of(stream: Stream) -> tuple[int, int]:
    """The least and the greatest id of a stream's examples; zeros without any."""
    found = stream.organization.examples.filter(stream=stream).aggregate(first=Min("pk"), last=Max("pk"))
    return found["first"] or 0, found["last"] or 0


def apply(stream: Stream, rows: Rows, by: User | None) -> None:
    """Keep the declarations; columns that begin or end get their work. The caller is alone with the stream."""
    old, new = settled_specs(stream.fields), settled_specs(rows)
    stream.organization.streams.filter(pk=stream.pk).update(fields=rows)
    stream.fields = rows
    for name, spec in new.items():
        was = old[name].state if name in old else ""
        if spec.state != was and spec.state in (PROMOTING, DEMOTING):
            move(stream, spec, by)
    record(
        "stream.fields_changed",
        organization=stream.organization,
        subject=stream,
        by=by,
        added=sorted(new.keys() - old.keys()),
        removed=sorted(old.keys() - new.keys()),
        changed=sorted(name for name in new.keys() & old.keys() if new[name] != old[name]),
    )


def move(stream: Stream, spec: FieldSpec, by: User | None) -> None:
    """Begin to fill or to empty a column; what was done to it before is given up."""
    running = stream.organization.field_works.filter(stream=stream, state=FieldWork.State.RUNNING)
    end(running.filter(name=spec.name), FieldWork.State.CANCELLED)
    promoting = spec.state == PROMOTING
    kind = FieldWork.Kind.PROMOTE if promoting else FieldWork.Kind.DEMOTE
    first, last = ids_of(stream)
    of = {
        "name": spec.name,
        "column": spec.column,
        "begin_id": first - 1,
        "at_id": first - 1,
        "upto": last,
    }
    begin(stream, kind, by, after=timedelta(0) if promoting else GRACE, **of)


def begin(
    stream: Stream, kind: str, by: User | None, after: timedelta = timedelta(0), **of: Any
) -> FieldWork:
    """A work, and the job that does its first batch."""
    organization = stream.organization
    work: FieldWork = organization.field_works.create(stream=stream, kind=kind, by=by, **of)
    enqueue(STEP, organization=organization, run_after=timezone.now() + after, work_id=work.pk)
    return work


def end(works: Any, state: str, **more: Any) -> None:
    """Works that go no further."""
    works.update(state=state, ended_at=timezone.now(), **more)


def wrong(sentence: str | Promise, row: Mapping[str, Any]) -> Refused:
    """A 422 that names the attribute."""
    return Refused(sentence % {"name": row["name"]}, code="invalid", status=422)
