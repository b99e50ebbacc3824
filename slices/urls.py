"""Gathers the addresses of the rooms, for people."""

from django.urls import URLPattern, path

from slices.definitions.urls import urlpatterns as definitions
from slices.explorer.urls import urlpatterns as explorer
from slices.families.urls import urlpatterns as families
from slices.gates.overview import home
from slices.gates.urls import urlpatterns as gates
from slices.placements.urls import urlpatterns as placements
from slices.runs.urls import urlpatterns as runs
from slices.schedules.urls import urlpatterns as schedules
from slices.snapshots.urls import urlpatterns as snapshots

urlpatterns: list[URLPattern] = [
    path("", home, name="home"),
    *definitions,
    *families,
    *explorer,
    *snapshots,
    *runs,
    *schedules,
    *placements,
    *gates,
]
