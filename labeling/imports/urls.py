"""Where imports are, for people."""

from django.urls import path

from labeling.imports import views

ONE = "projects/<slug:project>/imports/<int:pk>/"

urlpatterns = [
    path("projects/<slug:project>/imports/", views.imports, name="imports"),
    path(ONE, views.import_, name="import"),
    path(f"{ONE}start/", views.start, name="import-start"),
    path(f"{ONE}cancel/", views.cancel, name="import-cancel"),
    path(f"{ONE}resume/", views.resume, name="import-resume"),
    path(f"{ONE}person/", views.name_person, name="import-person"),
    path(f"{ONE}errors/", views.errors, name="import-errors"),
]
