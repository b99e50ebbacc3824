"""What can happen to snapshots."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("snapshot.frozen", _("Snapshot frozen")),
    Kind("snapshot.downloaded", _("Snapshot downloaded")),
    Kind("snapshot.export_asked", _("Files of a snapshot asked for")),
    Kind("snapshot.export_cancelled", _("Making files of a snapshot called off")),
    Kind("snapshot.refused", _("Too little in the slice to freeze it")),
    Kind("snapshot.pinned", _("Snapshot pinned")),
    Kind("snapshot.released", _("Snapshot let go")),
    Kind("snapshot.expired", _("Files of a snapshot taken away")),
    Kind("snapshots.suspected", _("Snapshots marked suspect: answers in them were recalled")),
)
