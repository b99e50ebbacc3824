"""The addresses of the run contract."""

from django.urls import path

from slices.runs import api, evidence_api, lineage_api

urlpatterns = [
    path("examples/<int:pk>/lineage", lineage_api.ExampleLineage.as_view(), name="api-example-lineage"),
    path("runs/claim", api.Claim.as_view(), name="api-runs-claim"),
    path("runs/<int:pk>", api.RunDetail.as_view(), name="api-run"),
    path("runs/<int:pk>/heartbeat", api.Heartbeat.as_view(), name="api-run-heartbeat"),
    path("runs/<int:pk>/release", api.Release.as_view(), name="api-run-release"),
    path("runs/<int:pk>/complete", api.Complete.as_view(), name="api-run-complete"),
    path("snapshots/<int:pk>/evidence", evidence_api.Evidence.as_view(), name="api-snapshot-evidence"),
    path("snapshots/<int:pk>/members", evidence_api.Members.as_view(), name="api-snapshot-members"),
    path("snapshots/<int:pk>/digests", evidence_api.Digests.as_view(), name="api-snapshot-digests"),
    path("projects/<slug:project>/runs", api.RunList.as_view(), name="api-runs"),
    path("model-versions/<int:pk>/lineage", lineage_api.ModelLineage.as_view(), name="api-model-lineage"),
    path("model-versions/<int:pk>/evaluations", api.Evaluations.as_view(), name="api-evaluations"),
]
