"""What can happen to queues."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("queue.created", _("Queue created")),
    Kind("queue.paused", _("Queue paused")),
    Kind("queue.resumed", _("Queue resumed")),
    Kind("queue.reordered", _("Queue put in another order")),
    Kind("queue.reserved", _("Queue kept for somebody")),
    Kind("queue.unreserved", _("Queue no longer kept for somebody")),
    Kind("credential.given", _("Credential given")),
    Kind("credential.taken", _("Credential taken back")),
    Kind("person.paused", _("Person paused")),
    Kind("person.resumed", _("Person may work again")),
)
