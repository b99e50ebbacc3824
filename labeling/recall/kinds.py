"""What can happen to answers as a whole."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("recall.started", _("Recall started")),
    Kind("answers.recalled", _("Answers recalled: snapshots and models that used them are suspect")),
    Kind("recall.undoing", _("Taking a recall back")),
    Kind("answers.restored", _("Recalled answers put back")),
    Kind("recall.stuck", _("A recall has stopped")),
    Kind("recall.resumed", _("A recall goes on")),
)
