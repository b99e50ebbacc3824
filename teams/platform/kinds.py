"""What operators of the installation do that an organization reads in its audit."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

VIEWED = "platform.viewed"

KINDS = (
    Kind(VIEWED, _("Looked at by an operator")),
    Kind("platform.person_deactivated", _("Member deactivated everywhere by an operator")),
    Kind("platform.person_let_in", _("Member let in again by an operator")),
)
