"""What can happen to a schedule; what it decides is in its ticks."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("schedule.created", _("Schedule made")),
    Kind("schedule.paused", _("Schedule paused")),
    Kind("schedule.resumed", _("Schedule resumed")),
    Kind("schedule.run_now", _("Schedule run out of turn")),
    Kind("schedule.broken", _("Schedule stopped: its rule cannot be followed")),
)
