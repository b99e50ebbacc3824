"""The one place where a condition is parsed, checked, printed and compiled to SQL."""

from projects.conditions.condition import Condition
from projects.conditions.errors import ConditionError
from projects.conditions.evaluating import NeedsDatabase

__all__ = ["Condition", "ConditionError", "NeedsDatabase"]
