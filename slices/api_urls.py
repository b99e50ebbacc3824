"""Gathers the addresses of the rooms, for machines."""

from django.urls import URLPattern

from slices.definitions.api_urls import urlpatterns as definitions
from slices.families.api_urls import urlpatterns as families
from slices.gates.api_urls import urlpatterns as gates
from slices.placements.api_urls import urlpatterns as placements
from slices.runs.api_urls import urlpatterns as runs
from slices.schedules.api_urls import urlpatterns as schedules
from slices.snapshots.api_urls import urlpatterns as snapshots

urlpatterns: list[URLPattern] = [*definitions, *families, *snapshots, *runs, *schedules, *placements, *gates]
