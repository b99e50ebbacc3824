"""Where slices are, for people."""

from django.urls import path

from slices.definitions import views

urlpatterns = [
    path("projects/<slug:project>/slices/", views.slices, name="slices"),
]
