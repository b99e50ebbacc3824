"""What can happen to snapshots."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("snapshot.frozen", _("Snapshot frozen")),
    Kind("snapshot.downloaded", _("Snapshot downloaded")),
    Kind("snapshot.refused", _("Too little in the slice to freeze it")),
)
