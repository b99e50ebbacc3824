"""What can happen when answers are judged. Taking one is no event: the lease itself says when and who."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("annotation.returned", _("Answer returned")),
    Kind("annotation.corrected", _("Answer corrected")),
    Kind("task.decided", _("Decided what a task comes to")),
    Kind("review.contested", _("Return contested")),
    Kind("review.decided", _("Contested return decided")),
)
