"""The addresses of slices, for machines."""

from django.urls import path

from slices.definitions import api

urlpatterns = [
    path("projects/<slug:project>/slices", api.SliceList.as_view(), name="api-slices"),
    path("projects/<slug:project>/slices/<slug:slug>", api.SliceDetail.as_view(), name="api-slice"),
]
