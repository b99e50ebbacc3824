"""What can happen to a placement."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("placement.created", _("Placement made; people decide")),
    Kind("placement.moved", _("Placement moved")),
    Kind("placement.adopted", _("Model from outside adopted")),
)
