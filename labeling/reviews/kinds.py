"""What can happen when answers are judged. Taking one is no event: the lease itself says when and who."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("annotation.returned", _("Answer returned")),
    Kind("annotation.corrected", _("Answer corrected")),
    Kind("task.decided", _("Decided what a task comes to")),
    Kind("review.contested", _("Return contested")),
    Kind("review.decided", _("Contested return decided")),
    Kind("issue.opened", _("Issue or question opened")),
    Kind("issue.resolved", _("Issue or question resolved")),
    Kind("issue.asked_again", _("New label asked for because of an issue")),
    Kind("issue.mended", _("Issue mended by a new label")),
)
