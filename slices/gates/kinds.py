"""What can happen at a gate."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("gate.created", _("Gate made")),
    Kind("decision.made", _("Gate decided")),
    Kind("decision.signed", _("Decision signed")),
)
