"""What can happen to tasks. Taking one and holding on are no events: the lease itself says when and who."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("tasks.opened", _("Tasks opened")),
    Kind("task.skipped", _("Task skipped")),
    Kind("task.put_off", _("Task put off")),
    Kind("task.dropped", _("Task dropped")),
    Kind("task.flagged", _("Task flagged for a manager")),
    Kind("task.assigned", _("Task assigned")),
    Kind("task.back_in_line", _("Task put back in line")),
    Kind("tasks.escalated", _("Tasks escalated")),
    Kind("leases.expired", _("Tasks let go")),
)
