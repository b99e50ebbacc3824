"""Gathers the admins of the rooms."""

from slices.definitions import admin as definitions
from slices.families import admin as families
from slices.gates import admin as gates
from slices.placements import admin as placements
from slices.runs import admin as runs
from slices.schedules import admin as schedules
from slices.snapshots import admin as snapshots

__all__ = ["definitions", "families", "gates", "placements", "runs", "schedules", "snapshots"]
