"""What schedules rely on: the attributes that their slices speak of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from projects.conditions.relying import names_in
from projects.streams.dependents import Dependent
from projects.streams.models import Stream
from slices.definitions.relying import versions_in_use


def relying_schedules(stream: Stream) -> Iterator[Dependent]:
    """The schedules that freeze slices of a stream."""
    spoken: defaultdict[int, frozenset[str]] = defaultdict(frozenset)
    for version in versions_in_use(stream):
        spoken[version.slice_id] |= names_in(version.condition)
    frozen = Q(slice__stream=stream) | Q(eval_slice__stream=stream)
    schedules = stream.organization.schedules.filter(frozen).order_by("name")
    for name, *slices in schedules.values_list("name", "slice_id", "eval_slice_id"):
        fields = frozenset().union(*(spoken[pk] for pk in slices))
        yield Dependent(_("the schedule “%(name)s”") % {"name": name}, fields)
