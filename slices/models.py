"""Gathers the models of the rooms."""

from slices.definitions.counts import Counting, SliceCount
from slices.definitions.models import Slice, SliceVersion
from slices.families.models import Belonging, Child, Family
from slices.gates.models import Decision, Gate, SignOff
from slices.placements.models import Placement, StageMove
from slices.runs.models import Attempt, Evaluation, Run
from slices.schedules.models import Schedule, Tick
from slices.snapshots.keeping import Keeping, ManifestBlock, Pin, Redaction
from slices.snapshots.models import Export, Snapshot
from slices.snapshots.suspicions import Suspicion

__all__ = [
    "Attempt",
    "Belonging",
    "Child",
    "Counting",
    "Decision",
    "Evaluation",
    "Export",
    "Family",
    "Gate",
    "Keeping",
    "ManifestBlock",
    "Pin",
    "Placement",
    "Redaction",
    "Run",
    "Schedule",
    "SignOff",
    "Slice",
    "SliceCount",
    "SliceVersion",
    "Snapshot",
    "StageMove",
    "Suspicion",
    "Tick",
]
