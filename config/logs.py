"""What never stands in a log: secrets that a path or a query carries, and line breaks that somebody sent."""

from __future__ import annotations

import logging
import re
from typing import Any

# The links of invitations, of a password to set anew and of an address to prove; signed addresses; tokens.
SECRETS = (
    re.compile(r"(/invitation/\d+/)[^/\s\"?]+"),
    re.compile(r"(/account/password/reset/key/)[^/\s\"?]+"),
    re.compile(r"(/account/confirm-email/)[^/\s\"?]+"),
    re.compile(r"([?&](?:token|code|state|secret|password)=)[^&\s\"]+"),
    re.compile(r"(slc_[A-Za-z0-9]{1,12})[A-Za-z0-9_]{8,}"),
)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def told(text: str) -> str:
    """A text as a log may have it."""
    for secret in SECRETS:
        text = secret.sub(r"\1…", text)
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Discreet(logging.Filter):
    """Rewrites what was sent from outside, the arguments of a record; its own words are ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops one."""
        if isinstance(record.args, tuple):
            record.args = tuple(one(value) for value in record.args)
        elif isinstance(record.args, dict):
            record.args = {name: one(value) for name, value in record.args.items()}
        return True


def one(value: Any) -> Any:
    """An argument: texts are rewritten, numbers stay what `%d` asks for."""
    return value if isinstance(value, int | float | None.__class__) else told(str(value))


def be_discreet() -> None:
    """Let the web server's own log be so too: it was set up before the settings were read."""
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(Discreet())
