"""Gathers the admins of the rooms."""

from projects.schemas import admin as schemas
from projects.streams import admin as streams

__all__ = ["schemas", "streams"]
