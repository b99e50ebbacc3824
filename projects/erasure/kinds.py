"""What can happen when examples are erased."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("erasure.asked", _("Erasure asked for")),
    Kind("example.erased", _("Examples erased")),
    Kind("erasure.finished", _("Erasure finished")),
    Kind("erasure.replayed", _("Erasure done again after a restore")),
)
