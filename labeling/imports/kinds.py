"""What can happen to imports."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("import.queued", _("Import started")),
    Kind("import.done", _("Import done")),
    Kind("import.failed", _("Import failed")),
    Kind("import.cancelled", _("Import cancelled")),
    Kind("person.mapped", _("Somebody outside mapped to a member")),
)
