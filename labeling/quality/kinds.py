"""What can happen around figures about people."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (Kind("figures.viewed", _("Looked at figures")),)
