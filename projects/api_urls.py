"""Gathers the addresses of the rooms, for machines."""

from django.urls import URLPattern, path

from projects.conditions.api import ConditionCheck, ConditionComplete, ExampleByKey, ExampleDetail
from projects.erasure.api import ErasureDetail, ErasureList
from projects.streams.api import MediaUpload, Predictions
from projects.streams.fields_api import Fields
from projects.streams.retention_api import StreamRetention
from projects.streams.splits_api import SplitGroups, Splits

PROJECT = "projects/<slug:project>"
STREAM = "projects/<slug:project>/streams/<slug:stream>"

urlpatterns: list[URLPattern] = [
    path(f"{PROJECT}/erasures", ErasureList.as_view(), name="api-erasures"),
    path(f"{PROJECT}/erasures/<int:pk>", ErasureDetail.as_view(), name="api-erasure"),
    path("examples/<int:pk>", ExampleDetail.as_view(), name="api-example"),
    path(f"{STREAM}/examples/by-key", ExampleByKey.as_view(), name="api-example-by-key"),
    path(f"{PROJECT}/media", MediaUpload.as_view(), name="api-media"),
    path(f"{STREAM}/predictions", Predictions.as_view(), name="api-predictions"),
    path(f"{STREAM}/fields", Fields.as_view(), name="api-fields"),
    path(f"{STREAM}/splits", Splits.as_view(), name="api-splits"),
    path(f"{STREAM}/splits/groups", SplitGroups.as_view(), name="api-split-groups"),
    path(f"{STREAM}/retention", StreamRetention.as_view(), name="api-retention"),
    path(f"{STREAM}/conditions", ConditionCheck.as_view(), name="api-conditions"),
    path(f"{STREAM}/conditions/complete", ConditionComplete.as_view(), name="api-conditions-complete"),
]
