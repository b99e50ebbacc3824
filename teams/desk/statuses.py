"""How a status looks, everywhere: a word, a tone and a shape of its own."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Look:
    """`tone`: a colour role of the style sheet; `icon`: a drawing of `teams.desk.icons`; `form`: how loud.

    Forms: `tint` for outcomes that someone waits for, `line` for stages, `plain` for the states of many rows.
    """

    label: Words
    tone: str
    icon: str
    form: str = "plain"


# The order is the ladder: how far a model is trusted.
STAGES: dict[str, Look] = {
    "registered": Look(_("Registered"), "neutral", "level-0", "line"),
    "shadow": Look(_("Shadow"), "neutral", "level-1", "line"),
    "internal_recommendation": Look(_("Internal recommendation"), "accent", "level-2", "line"),
    "canary": Look(_("Canary"), "accent", "level-3", "line"),
    "production": Look(_("Production"), "good", "level-4", "line"),
}

LOOKS: dict[str, Look] = {
    **STAGES,
    "human_fallback": Look(_("People answer"), "warn", "person", "line"),
    "retired": Look(_("Retired"), "quiet", "drained", "line"),
    # decisions
    "pass": Look(_("Pass"), "good", "check", "tint"),
    "fail": Look(_("Fail"), "bad", "cross", "tint"),
    "inconclusive": Look(_("Inconclusive"), "warn", "question", "tint"),
    "not_applicable": Look(_("Not applicable"), "quiet", "dash-disc"),
    # anything that can be switched on
    "on": Look(_("On"), "good", "disc"),
    "off": Look(_("Off"), "quiet", "ring"),
    "active": Look(_("Active"), "good", "disc"),
    "inactive": Look(_("Inactive"), "quiet", "ring"),
    "paused": Look(_("Paused"), "neutral", "pause"),
    "proposed": Look(_("Proposed"), "accent", "dotted"),
    "small": Look(_("Too small yet"), "warn", "half"),
    "gone": Look(_("Gone"), "quiet", "drained"),
    "steady": Look(_("Steady"), "good", "trend-flat"),
    "drifting": Look(_("Drifting"), "warn", "trend-up", "tint"),
    "drifted": Look(_("Drifted"), "bad", "trend-up", "tint"),
    "too_few": Look(_("Too few to say"), "quiet", "dash-disc"),
    "broken": Look(_("Broken"), "bad", "cross-disc"),
    "draft": Look(_("Draft"), "neutral", "dotted"),
    "frozen": Look(_("Frozen"), "accent", "snow"),
    "redacted": Look(_("Some erased"), "warn", "half"),
    "suspect": Look(_("Suspect"), "warn", "warn", "tint"),
    "overdue": Look(_("Overdue"), "bad", "clock", "tint"),
    "invited": Look(_("Invited"), "neutral", "dotted"),
    # tasks and what people hold of them
    "open": Look(_("Open"), "accent", "ring"),
    "complete": Look(_("Complete"), "accent", "disc"),
    "in_review": Look(_("In review"), "accent", "half"),
    "accepted": Look(_("Accepted"), "good", "check-disc"),
    "archived": Look(_("Archived"), "quiet", "archive"),
    "held": Look(_("Held"), "accent", "lock"),
    "answered": Look(_("Answered"), "good", "check-disc"),
    "returned": Look(_("Returned"), "warn", "undo"),
    "expired": Look(_("Expired"), "quiet", "clock"),
    "skipped": Look(_("Skipped"), "quiet", "skip"),
    # runs, jobs, ticks
    "waiting": Look(_("Waiting"), "neutral", "clock"),
    "queued": Look(_("Queued"), "neutral", "clock"),
    "pending": Look(_("Pending"), "neutral", "clock"),
    "claimed": Look(_("Claimed"), "accent", "half"),
    "running": Look(_("Running"), "accent", "turning"),
    "done": Look(_("Done"), "good", "check-disc"),
    "completed": Look(_("Completed"), "good", "check-disc"),
    "succeeded": Look(_("Succeeded"), "good", "check-disc"),
    "failed": Look(_("Failed"), "bad", "cross-disc"),
    "dead": Look(_("Given up"), "bad", "cross-disc", "tint"),
    "cancelled": Look(_("Cancelled"), "quiet", "dash-disc"),
    "going": Look(_("Going on"), "accent", "turning"),
    "undoing": Look(_("Being taken back"), "accent", "turning"),
    "undone": Look(_("Taken back"), "quiet", "undo"),
    "stuck": Look(_("Stopped"), "bad", "cross-disc", "tint"),
    "recalled": Look(_("Recalled"), "warn", "undo"),
    "fired": Look(_("Fired"), "good", "play"),
    # asks
    "timed_out": Look(_("Timed out"), "bad", "clock"),
    "no_cover": Look(_("No cover"), "warn", "dash-disc"),
    "not_activated": Look(_("Not activated"), "quiet", "dash-disc"),
}


def look_of(status: str) -> Look:
    """The look of a stored status; one that is not known is neutral and says itself."""
    known = LOOKS.get(status)
    return known or Look(str(status).replace("_", " ").capitalize(), "neutral", "ring")
