"""What can happen to queues."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("queue.created", _("Queue created")),
    Kind("queue.paused", _("Queue paused")),
    Kind("queue.resumed", _("Queue resumed")),
)
