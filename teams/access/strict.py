"""What a call brings along. Apart from `api`, because serializers are read before views are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

UNKNOWN = _("This field is not known here.")
MOST = 20


class Moment(serializers.DateTimeField):
    """A time that says its zone: without one it would be another time for whoever reads it elsewhere."""

    default_error_messages = {"zone_missing": _("A time says its zone, as in 2026-03-01T08:00:00Z.")}

    def enforce_timezone(self, value: datetime) -> datetime:
        """DRF's hook, which takes a time without zone for one in UTC."""
        if value.tzinfo is None:
            self.fail("zone_missing")
        return super().enforce_timezone(value)


class Body(serializers.Serializer[Any]):
    """A body, or a part of one: a field that is not known is an error, so that no typing error stays silent."""

    def to_internal_value(self, data: Any) -> Any:
        """DRF's hook."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            wrong: dict[str, Any] = {str(name)[:50]: [UNKNOWN] for name in unknown[:MOST]}
            raise serializers.ValidationError(wrong, code="unknown_field")
        return super().to_internal_value(data)
