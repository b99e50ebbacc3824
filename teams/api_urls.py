"""The front of the API."""

from django.urls import URLPattern, path

from teams.access.index import index

urlpatterns: list[URLPattern] = [path("", index, name="api")]
