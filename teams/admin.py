"""Gathers the admins of the rooms: those of the managers' desk, and those of the operators' site."""

from teams.desk import admin as desk
from teams.platform import admin as platform

__all__ = ["desk", "platform"]
