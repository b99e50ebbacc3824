"""What people do with families: make one, change its rules and its children, say who belongs where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from projects.schemas.fields import field_specs
from projects.streams.models import Stream
from slices.definitions.actions import Definition, create_slice, current
from slices.families.models import Belonging, Child, Family
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

MAX_BELONGINGS = 20_000  # rows of one change


@transaction.atomic
def create_family(
    *,
    stream: Stream,
    slug: str,
    name: str,
    definition: Definition,
    description: str = "",
    new_values: str = Family.NewValues.ACTIVE,
    trains: str = Family.Trains.EACH,
    gone_after_days: int = 30,
    by: User | None,
) -> Family:
    """A slice with parameters, and a child for every value that is there or will be.

    Raises ConditionError, or Refused where it has no parameter or could not be counted by one GROUP BY.
    """
    if not definition.params:
        raise Refused(_("A family's condition has a parameter: store = $store."), "no_params", 422)
    made = create_slice(
        stream=stream, slug=slug, name=name, definition=definition, description=description, by=by
    )
    family = stream.organization.families.create(
        slice=made, new_values=new_values, trains=trains, gone_after_days=gone_after_days
    )
    record("family.created", organization=stream.organization, subject=family, by=by)
    return family


@transaction.atomic
def change_family(*, family: Family, by: User | None, **rules: Any) -> Family:
    """Other rules for new values, training or absence."""
    changed = {name: value for name, value in rules.items() if getattr(family, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(family, name, value)
        family.save(update_fields=list(changed))
        record("family.changed", organization=family.organization, subject=family, by=by, **changed)
    return family


@transaction.atomic
def change_child(*, child: Child, state: str, min_size: int | None, by: User | None) -> Child:
    """Accept a proposed child, pause or resume one, or give it a least size of its own."""
    locked = child.organization.children.select_for_update(of=("self",)).get(pk=child.pk)
    if (locked.state, locked.min_size) != (state, min_size):
        locked.state, locked.min_size = state, min_size
        locked.save(update_fields=["state", "min_size"])
        facts = {"state": state, "min_size": min_size}
        record("child.changed", organization=child.organization, subject=locked, by=by, **facts)
    return locked


class Belongs(NamedTuple):
    """One line of the table of who belongs where."""

    value: str
    parent: str
    since: datetime


@transaction.atomic
def set_belongings(
    *, stream: Stream, field: str, level: str, rows: Sequence[Belongs], by: User | None
) -> int:
    """From their times on, values of an attribute belong to these parents; the same again changes nothing.

    How many rows are new or say something else than before. Raises Refused for an attribute that is not declared.
    """
    if field not in field_specs(stream.fields):
        raise Refused(_("Only a declared attribute can belong to a wider level."), "unknown_field", 422)
    if not level or level == field:
        raise Refused(_("A wider level has a name of its own."), "bad_level", 422)
    if len(rows) > MAX_BELONGINGS:
        raise Refused(_("At most %(n)s rows at once.") % {"n": MAX_BELONGINGS}, "too_many", 422)
    organization = stream.organization
    asked = {(row.value, row.since): row.parent for row in rows}
    of_level = organization.belongings.filter(stream=stream, field=field, level=level)
    there = of_level.filter(value__in={row.value for row in rows})
    known = {(row.value, row.since): row.parent for row in there}
    news = {where: parent for where, parent in asked.items() if known.get(where) != parent}
    lines = [
        Belonging(
            organization=organization,
            stream=stream,
            field=field,
            level=level,
            value=value,
            parent=parent,
            since=since,
        )
        for (value, since), parent in sorted(news.items())
    ]
    keys = ["stream", "field", "level", "value", "since"]
    organization.belongings.bulk_create(
        lines, update_conflicts=True, unique_fields=keys, update_fields=["parent"]
    )
    if news:
        facts = {"level": level, "rows": len(news)}
        record("belongings.changed", organization=organization, subject=stream, by=by, **facts)
    return len(news)


def definition_of(family: Family) -> Definition:
    """What the template means now, to be changed and saved again."""
    version = current(family.slice)
    names = [name for name in Definition.__dataclass_fields__ if name != "hash"]
    return replace(Definition(), **{name: getattr(version, name) for name in names})
