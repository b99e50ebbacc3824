"""Gathers the admins of the rooms."""

from labeling.asks import admin as asks
from labeling.imports import admin as imports
from labeling.queues import admin as queues
from labeling.queues import admin_people as people
from labeling.recall import admin as recall
from labeling.tasks import admin as tasks

__all__ = ["asks", "imports", "people", "queues", "recall", "tasks"]
