"""What can happen to asks."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("ask.queued", _("A person was asked")),
    Kind("ask.answered", _("A person answered")),
    Kind("ask.timed_out", _("Nobody answered in time")),
    Kind("ask.stopped", _("Ask stopped")),
)
