"""What can happen at the managers' desk that no action of a room says better."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("desk.created", _("Created at the desk")),
    Kind("desk.changed", _("Changed at the desk")),
    Kind("desk.deleted", _("Deleted at the desk")),
    Kind("desk.exported", _("List downloaded")),
)
