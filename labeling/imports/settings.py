"""What is said about an import, by a form or by a script."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from labeling.imports.models import Import
from labeling.imports.reading import Options
from labeling.queues.models import Queue

PROPOSE = "propose"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said about an import, beside where its rows come from."""

    format: str = ""
    options: Options = Options()
    mode: str = Import.Mode.UPSERT
    trust: str = Import.Trust.ACCEPTED
    audit_percent: float = 0
    audit_queue: Queue | None = None
    drawn_by_lot: bool = False
    questions: str = ""  # PROPOSE: ask what the file answers, where the project asks nothing yet
    people: Mapping[str, str] = {}  # who the file names: the e-mail address of the member that is
