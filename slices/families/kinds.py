"""What can happen to families."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("family.created", _("Family created")),
    Kind("family.changed", _("Family changed")),
    Kind("family.grew", _("Family has new children")),
    Kind("child.changed", _("Child of a family changed")),
    Kind("belongings.changed", _("Who belongs where changed")),
)
