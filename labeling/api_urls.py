"""Gathers the addresses of the rooms, for machines."""

from django.urls import URLPattern, path

from labeling.answers.api import Examples
from labeling.asks.api import AskDetail, AskList, AskStop
from labeling.tasks.api import Draw, QueueList

urlpatterns: list[URLPattern] = [
    path("projects/<slug:project>/streams/<slug:stream>/examples", Examples.as_view(), name="api-examples"),
    path("projects/<slug:project>/queues", QueueList.as_view(), name="api-queues"),
    path("projects/<slug:project>/queues/<slug:queue>/draw", Draw.as_view(), name="api-draw"),
    path("projects/<slug:project>/asks", AskList.as_view(), name="api-asks"),
    path("asks/<int:pk>", AskDetail.as_view(), name="api-ask"),
    path("asks/<int:pk>/stop", AskStop.as_view(), name="api-ask-stop"),
]
