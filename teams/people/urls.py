"""Where an organization's people are, for people."""

from django.urls import path

from teams.people import views

urlpatterns = [
    path("settings/", views.organization_page, name="organization"),
    path("roles/", views.roles, name="roles"),
    path("access/", views.access, name="access"),
]
