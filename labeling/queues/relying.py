"""What queues rely on: the attributes that their rules speak of."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from projects.conditions.relying import names_in
from projects.streams.dependents import Dependent
from projects.streams.models import Stream


def relying_queues(stream: Stream) -> Iterator[Dependent]:
    """The queues of a stream that take examples by rule, paused ones too."""
    queues = stream.organization.queues.filter(stream=stream).exclude(condition=None)
    for name, condition in queues.values_list("name", "condition"):
        yield Dependent(_("the queue “%(name)s”") % {"name": name}, names_in(condition))
