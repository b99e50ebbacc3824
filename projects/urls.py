"""Gathers the addresses of the rooms, for people."""

from django.urls import URLPattern, path

from projects.conditions import arriving
from projects.erasure import views as erasure
from projects.streams import views

urlpatterns: list[URLPattern] = [
    path("projects/<slug:project>/", views.project, name="project"),
    path("projects/<slug:project>/arrivals/", arriving.arrivals, name="project-arrivals"),
    path("projects/<slug:project>/examples/<int:pk>/", views.example, name="example"),
    path("projects/<slug:project>/erasures/", erasure.erasures, name="erasures"),
    path("projects/<slug:project>/erasures/<int:pk>/", erasure.erasure, name="erasure"),
    path("media/<slug:digest>/", views.media, name="media"),
    path("media/of/<int:pk>/", views.example_media, name="example-media"),
]
