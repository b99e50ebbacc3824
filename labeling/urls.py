"""Gathers the addresses of the rooms, for people."""

from django.urls import URLPattern

from labeling.answers.urls import urlpatterns as answers

urlpatterns: list[URLPattern] = [*answers]
