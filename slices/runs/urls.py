"""Where runs are, for people."""

from django.urls import path

from slices.runs import views

urlpatterns = [
    path("projects/<slug:project>/runs/", views.runs, name="runs"),
    path("projects/<slug:project>/runs/<int:pk>/", views.run_page, name="run"),
    path("projects/<slug:project>/runs/<int:pk>/cancel/", views.cancel_run, name="run-cancel"),
]
