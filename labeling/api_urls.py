"""Gathers the addresses of the rooms, for machines."""

from django.urls import URLPattern, path

from labeling.answers.api import Examples
from labeling.asks.api import AskDetail, AskList, AskStop
from labeling.imports.api import ImportCancel, ImportDetail, ImportErrors, ImportResume, Imports
from labeling.imports.api_preview import ImportPreview
from labeling.tasks.api import Draw, QueueList

urlpatterns: list[URLPattern] = [
    path("projects/<slug:project>/streams/<slug:stream>/examples", Examples.as_view(), name="api-examples"),
    path("projects/<slug:project>/streams/<slug:stream>/imports", Imports.as_view(), name="api-imports"),
    path(
        "projects/<slug:project>/streams/<slug:stream>/imports/preview",
        ImportPreview.as_view(),
        name="api-import-preview",
    ),
    path("imports/<int:pk>", ImportDetail.as_view(), name="api-import"),
    path("imports/<int:pk>/cancel", ImportCancel.as_view(), name="api-import-cancel"),
    path("imports/<int:pk>/resume", ImportResume.as_view(), name="api-import-resume"),
    path("imports/<int:pk>/errors", ImportErrors.as_view(), name="api-import-errors"),
    path("projects/<slug:project>/queues", QueueList.as_view(), name="api-queues"),
    path("projects/<slug:project>/queues/<slug:queue>/draw", Draw.as_view(), name="api-draw"),
    path("projects/<slug:project>/asks", AskList.as_view(), name="api-asks"),
    path("asks/<int:pk>", AskDetail.as_view(), name="api-ask"),
    path("asks/<int:pk>/stop", AskStop.as_view(), name="api-ask-stop"),
]
