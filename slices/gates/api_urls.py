"""Where decisions and rounds are, for machines."""

from django.urls import path

from slices.gates import api

urlpatterns = [
    path("model-versions/<int:model_version>/decision", api.ModelDecision.as_view(), name="api-decision"),
    path(
        "projects/<slug:project>/schedules/<int:schedule>/rounds",
        api.ScheduleRounds.as_view(),
        name="api-rounds",
    ),
]
