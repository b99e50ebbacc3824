"""Why an answer is returned: the queue's own list, else one that fits most questions."""

from __future__ import annotations

from django.utils.translation import gettext as _

from labeling.queues.models import Queue

MOST = 9  # each has a digit


def reasons_of(queue: Queue) -> list[str]:
    """The reasons that a reviewer chooses from."""
    own = list(dict.fromkeys(line.strip() for line in queue.return_reasons.splitlines() if line.strip()))
    return own[:MOST] or [
        _("Wrong answer"),
        _("Something is missing"),
        _("Too much is marked"),
        _("Marked in the wrong place"),
        _("Not as the guideline says"),
        _("Cannot be told from this example"),
    ]
