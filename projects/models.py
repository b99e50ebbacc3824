"""Gathers the models of the rooms."""

from projects.erasure.models import Erasure, ErasureStep
from projects.schemas.models import LabelSchema
from projects.streams.changes import ExampleChange
from projects.streams.earlier import EarlierUpload
from projects.streams.models import (
    Example,
    FieldWork,
    Media,
    ModelVersion,
    Prediction,
    Project,
    ProjectGroupObjectPermission,
    ProjectUserObjectPermission,
    SplitAssignment,
    SplitPolicy,
    Stream,
)
from projects.streams.retained import ExpiredCount, Retention
from projects.streams.tombstones import Tombstone

__all__ = [
    "EarlierUpload",
    "Erasure",
    "ErasureStep",
    "Example",
    "ExampleChange",
    "ExpiredCount",
    "FieldWork",
    "LabelSchema",
    "Media",
    "ModelVersion",
    "Prediction",
    "Project",
    "ProjectGroupObjectPermission",
    "ProjectUserObjectPermission",
    "Retention",
    "SplitAssignment",
    "SplitPolicy",
    "Stream",
    "Tombstone",
]
