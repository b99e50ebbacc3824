"""Where a slice with its snapshots is, for people."""

from django.urls import path

from slices.snapshots import children, comparing, diff_views, export_views, looking, pin_views, views

SLICE = "projects/<slug:project>/slices/<slug:slug>/"
CHILD = "projects/<slug:project>/families/<slug:slug>/<int:pk>/"
SNAPSHOT = "projects/<slug:project>/snapshots/<int:pk>/"
DIFF = "projects/<slug:project>/snapshots/<int:a>/diff/<int:b>/"
EXPORT = f"{SNAPSHOT}exports/<int:export>/"

urlpatterns = [
    path(CHILD, children.child, name="family-child"),
    path(f"{CHILD}move/", children.move_child, name="family-child-move"),
    path(f"{CHILD}freeze/", children.freeze_child, name="family-child-freeze"),
    path(SLICE, looking.slice_page, name="slice"),
    path(f"{SLICE}now/", looking.slice_now, name="slice-now"),
    path(f"{SLICE}figures/", looking.slice_figures, name="slice-figures"),
    path(f"{SLICE}compare/", comparing.compare_page, name="slice-compare"),
    path(f"{SLICE}freeze/", views.freeze_slice, name="slice-freeze"),
    path(SNAPSHOT, views.snapshot_page, name="snapshot"),
    path(f"{SNAPSHOT}download/", views.download, name="snapshot-download"),
    path(f"{SNAPSHOT}pins/", pin_views.pin_snapshot, name="snapshot-pin"),
    path(f"{SNAPSHOT}pins/<int:pin>/release/", pin_views.release_snapshot, name="snapshot-release"),
    path(f"{SNAPSHOT}diff/", diff_views.choose, name="snapshot-compare"),
    path(DIFF, diff_views.diff_page, name="snapshot-diff"),
    path(f"{SNAPSHOT}exports/", export_views.export_snapshot, name="snapshot-export"),
    path(f"{EXPORT}cancel/", export_views.cancel, name="snapshot-export-cancel"),
    path(f"{EXPORT}files/<path:name>", export_views.export_file, name="snapshot-export-file"),
]
