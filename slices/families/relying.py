"""What families rely on: the attributes whose values belong to wider ones."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from projects.streams.dependents import Dependent
from projects.streams.models import Stream


def relying_levels(stream: Stream) -> Iterator[Dependent]:
    """The levels of a stream: which store is of which region."""
    rows = stream.organization.belongings.filter(stream=stream)
    for name, level in rows.values_list("field", "level").distinct():
        yield Dependent(_("the level “%(level)s”") % {"level": level}, frozenset({name}))
