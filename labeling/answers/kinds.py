"""What can happen to answers."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("annotation.submitted", _("Answered")),
    Kind("annotation.undone", _("Answer undone")),
    Kind("annotation.accepted", _("Answer accepted")),
    Kind("sheet.verified", _("Guesses verified")),
    Kind("sheet.undone", _("Verified guesses undone")),
    Kind("task.one_more", _("One more person asked")),
    Kind("labels.imported", _("Labels imported")),
)
