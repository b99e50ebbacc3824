"""Gathers the addresses of the rooms, for machines."""

from django.urls import URLPattern, path

from projects.conditions.api import ConditionCheck, ConditionComplete
from projects.streams.api import Predictions
from projects.streams.fields_api import Fields

STREAM = "projects/<slug:project>/streams/<slug:stream>"

urlpatterns: list[URLPattern] = [
    path(f"{STREAM}/predictions", Predictions.as_view(), name="api-predictions"),
    path(f"{STREAM}/fields", Fields.as_view(), name="api-fields"),
    path(f"{STREAM}/conditions", ConditionCheck.as_view(), name="api-conditions"),
    path(f"{STREAM}/conditions/complete", ConditionComplete.as_view(), name="api-conditions-complete"),
]
