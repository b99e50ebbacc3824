"""The addresses of slices, for machines."""

from django.urls import path

from slices.definitions import api, api_looking, api_meaning

urlpatterns = [
    path("projects/<slug:project>/slices", api.SliceList.as_view(), name="api-slices"),
    path(
        "projects/<slug:project>/slice-preview", api_meaning.SlicePreview.as_view(), name="api-slice-preview"
    ),
    path("projects/<slug:project>/slices/<slug:slug>", api.SliceDetail.as_view(), name="api-slice"),
    path(
        "projects/<slug:project>/slices/<slug:slug>/versions",
        api_meaning.SliceVersions.as_view(),
        name="api-slice-versions",
    ),
    path(
        "projects/<slug:project>/slices/<slug:slug>/funnel",
        api_meaning.SliceFunnel.as_view(),
        name="api-slice-funnel",
    ),
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
        "projects/<slug:project>/slices/<slug:slug>/drift",
        api_looking.SliceDrift.as_view(),
        name="api-slice-drift",
    ),
    path(
        "projects/<slug:project>/slices/<slug:slug>/compare/<slug:other>",
        api_looking.SliceCompare.as_view(),
        name="api-slice-compare",
    ),
]
