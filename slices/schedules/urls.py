"""Where schedules are, for people."""

from django.urls import path

from slices.schedules import views

urlpatterns = [
    path("projects/<slug:project>/schedules/", views.schedules, name="schedules"),
    path("projects/<slug:project>/schedules/<int:schedule>/", views.schedule, name="schedule"),
    path("projects/<slug:project>/schedules/<int:schedule>/pause/", views.pause, name="schedule-pause"),
    path("projects/<slug:project>/schedules/<int:schedule>/resume/", views.resume, name="schedule-resume"),
    path("projects/<slug:project>/schedules/<int:schedule>/run-now/", views.run_now, name="schedule-run-now"),
]
