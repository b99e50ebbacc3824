"""Where placements are, for machines."""

from django.urls import path

from slices.placements import api

urlpatterns = [
    path("projects/<slug:project>/placements", api.PlacementList.as_view(), name="api-placements"),
    path(
        "projects/<slug:project>/placements/<slug:placement>",
        api.PlacementDetail.as_view(),
        name="api-placement",
    ),
    path(
        "projects/<slug:project>/placements/<slug:placement>/adopt",
        api.PlacementAdopt.as_view(),
        name="api-placement-adopt",
    ),
]
