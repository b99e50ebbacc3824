"""Where schedules are, for machines."""

from django.urls import path

from slices.schedules import api

urlpatterns = [
    path("projects/<slug:project>/schedules", api.ScheduleList.as_view(), name="api-schedules"),
    path(
        "projects/<slug:project>/schedules/<int:schedule>", api.ScheduleDetail.as_view(), name="api-schedule"
    ),
    path("projects/<slug:project>/schedules/<int:schedule>/ticks", api.TickList.as_view(), name="api-ticks"),
]
