"""What can happen to projects, streams and what arrives on them."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("project.created", _("Project created")),
    Kind("stream.created", _("Stream created")),
    Kind("stream.fields_changed", _("Attributes changed")),
    Kind("stream.fields_refused", _("Change of attributes refused")),
    Kind("stream.field_promoted", _("Attribute made quick")),
    Kind("stream.field_demoted", _("Attribute taken off its quick column")),
    Kind("stream.split_changed", _("Stream divided otherwise")),
    Kind("stream.groups_assigned", _("Groups put into a split by name")),
    Kind("stream.retention_changed", _("How long a stream keeps examples changed")),
    Kind("examples.expired", _("Examples expired")),
    Kind("examples.received", _("Examples received")),
    Kind("media.uploaded", _("File uploaded")),
    Kind("media.viewed", _("Looked at media")),
    Kind("predictions.received", _("Predictions received")),
    Kind("model_version.registered", _("Model version registered")),
)
