"""Gathers the models of the rooms."""

from projects.schemas.models import LabelSchema
from projects.streams.changes import ExampleChange
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

__all__ = [
    "Example",
    "ExampleChange",
    "FieldWork",
    "LabelSchema",
    "Media",
    "ModelVersion",
    "Prediction",
    "Project",
    "ProjectGroupObjectPermission",
    "ProjectUserObjectPermission",
    "SplitAssignment",
    "SplitPolicy",
    "Stream",
]
