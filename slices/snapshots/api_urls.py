"""The addresses of snapshots, for machines."""

from django.urls import path

from slices.snapshots import api, api_diff, api_drift, export_api, pin_api

DIFF = "snapshots/<int:a>/diff/<int:b>"
EXPORT = "snapshots/<int:pk>/exports/<int:export>"

urlpatterns = [
    path("projects/<slug:project>/slices/<slug:slug>/snapshots", api.Freeze.as_view(), name="api-freeze"),
    path("snapshots/<int:pk>", api.SnapshotDetail.as_view(), name="api-snapshot"),
    path("snapshots/<int:pk>/drift", api_drift.SnapshotDrift.as_view(), name="api-snapshot-drift"),
    path(DIFF, api_diff.SnapshotDiff.as_view(), name="api-snapshot-diff"),
    path(f"{DIFF}/members", api_diff.SnapshotDiffMembers.as_view(), name="api-snapshot-diff-members"),
    path("snapshots/<int:pk>/download", api.Download.as_view(), name="api-snapshot-download"),
    path("snapshots/<int:pk>/pins", pin_api.Pins.as_view(), name="api-pins"),
    path("snapshots/<int:pk>/pins/<int:pin>", pin_api.PinDetail.as_view(), name="api-pin"),
    path("snapshots/<int:pk>/exports", export_api.Exports.as_view(), name="api-exports"),
    path(EXPORT, export_api.ExportDetail.as_view(), name="api-export"),
    path(f"{EXPORT}/cancel", export_api.ExportCancel.as_view(), name="api-export-cancel"),
    path(f"{EXPORT}/files/<path:name>", export_api.ExportFile.as_view(), name="api-export-file"),
    path("snapshots/<int:pk>/manifest", api.Manifest.as_view(), name="api-snapshot-manifest"),
    path("snapshots/<int:pk>/media/<int:example>", api.Picture.as_view(), name="api-snapshot-media"),
]
