"""The addresses of families, for machines."""

from django.urls import path

from slices.families import api, api_hard_cases, api_preview

urlpatterns = [
    path(
        "projects/<slug:project>/streams/<slug:stream>/hard-cases",
        api_hard_cases.HardCases.as_view(),
        name="api-hard-cases",
    ),
    path("projects/<slug:project>/families", api.FamilyList.as_view(), name="api-families"),
    path("projects/<slug:project>/families/<slug:slug>", api.FamilyDetail.as_view(), name="api-family"),
    path(
        "projects/<slug:project>/families/<slug:slug>/preview",
        api_preview.FamilyPreview.as_view(),
        name="api-family-preview",
    ),
    path(
        "projects/<slug:project>/families/<slug:slug>/children", api.Children.as_view(), name="api-children"
    ),
    path(
        "projects/<slug:project>/families/<slug:slug>/children/<int:pk>",
        api.ChildDetail.as_view(),
        name="api-child",
    ),
    path(
        "projects/<slug:project>/families/<slug:slug>/levels/<slug:level>",
        api.Level.as_view(),
        name="api-family-level",
    ),
    path(
        "projects/<slug:project>/streams/<slug:stream>/belongings",
        api.Belongings.as_view(),
        name="api-belongings",
    ),
]
