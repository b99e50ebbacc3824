"""Where placements are, for people."""

from django.urls import path

from slices.placements import views

ONE = "projects/<slug:project>/placements/<slug:placement>/"

urlpatterns = [
    path("projects/<slug:project>/placements/", views.placements, name="placements"),
    path(f"{ONE}roll-back/", views.roll_back, name="placement-roll-back"),
    path(f"{ONE}people-decide/", views.people_decide, name="placement-people-decide"),
]
