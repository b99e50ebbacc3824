"""What can happen to runs, and what is said of models."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("run.requested", _("Run requested")),
    Kind("run.queued", _("Run ready to be claimed")),
    Kind("run.snapshot_failed", _("Run had nothing to train on")),
    Kind("run.claimed", _("Run claimed")),
    Kind("run.released", _("Run given back")),
    Kind("run.lost", _("Run's worker was lost")),
    Kind("run.succeeded", _("Run succeeded")),
    Kind("run.failed", _("Run failed")),
    Kind("run.cancel_requested", _("Run called off; its worker is told")),
    Kind("run.cancelled", _("Run cancelled")),
    Kind("run.expired", _("Run was claimed by nobody")),
    Kind("evaluation.recorded", _("Evaluation recorded")),
)
