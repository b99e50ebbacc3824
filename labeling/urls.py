"""Gathers the addresses of the rooms, for people."""

from django.urls import URLPattern

from labeling.answers.urls import urlpatterns as answers
from labeling.imports.urls import urlpatterns as imports
from labeling.quality.urls import urlpatterns as quality
from labeling.recall.urls import urlpatterns as recall
from labeling.reviews.urls import urlpatterns as reviews

urlpatterns: list[URLPattern] = [*answers, *imports, *quality, *recall, *reviews]
