"""What can happen to tasks. Taking one and holding on are no events: the lease itself says when and who."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("tasks.opened", _("Tasks opened")),
    Kind("task.skipped", _("Task skipped")),
    Kind("leases.expired", _("Tasks let go")),
)
