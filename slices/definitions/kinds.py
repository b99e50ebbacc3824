"""What can happen to slices."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("slice.created", _("Slice created")),
    Kind("slice.changed", _("Slice changed")),
    Kind("slice.described", _("Slice named or tagged otherwise")),
    Kind("slice.miscounted", _("Slice was counted wrong, and is set right")),
)
