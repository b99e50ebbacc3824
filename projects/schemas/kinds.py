"""What can happen to questions."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (Kind("schema.created", _("Questions written")),)
