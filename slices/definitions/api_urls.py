"""The addresses of slices, for machines."""

from django.urls import path

from slices.definitions import api, api_looking

urlpatterns = [
    path("projects/<slug:project>/slices", api.SliceList.as_view(), name="api-slices"),
    path("projects/<slug:project>/slices/<slug:slug>", api.SliceDetail.as_view(), name="api-slice"),
    path(
        "projects/<slug:project>/slices/<slug:slug>/mix",
        api_looking.SliceMix.as_view(),
        name="api-slice-mix",
    ),
    path(
        "projects/<slug:project>/slices/<slug:slug>/over-time",
        api_looking.SliceOverTime.as_view(),
        name="api-slice-over-time",
    ),
    path(
        "projects/<slug:project>/slices/<slug:slug>/compare/<slug:other>",
        api_looking.SliceCompare.as_view(),
        name="api-slice-compare",
    ),
]
