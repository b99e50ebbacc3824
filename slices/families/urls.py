"""Where families are, for people."""

from django.urls import path

from slices.families import views

urlpatterns = [
    path("projects/<slug:project>/families/", views.families, name="families"),
    path("projects/<slug:project>/families/<slug:slug>/", views.family, name="family"),
]
