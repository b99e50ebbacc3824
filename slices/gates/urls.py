"""Where decisions and rounds are, for people."""

from django.urls import path

from slices.gates import views

ONE = "projects/<slug:project>/placements/<slug:placement>/"

urlpatterns = [
    path(ONE, views.placement, name="placement"),
    path("projects/<slug:project>/schedules/<int:schedule>/rounds/", views.schedule_rounds, name="rounds"),
    path(f"{ONE}decisions/<int:decision>/", views.decision, name="decision"),
    path(f"{ONE}decisions/<int:decision>/sign/", views.sign, name="decision-sign"),
]
