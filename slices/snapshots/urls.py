"""Where a slice with its snapshots is, for people."""

from django.urls import path

from slices.snapshots import children, views

CHILD = "projects/<slug:project>/families/<slug:slug>/<int:pk>/"

urlpatterns = [
    path(CHILD, children.child, name="family-child"),
    path(f"{CHILD}move/", children.move_child, name="family-child-move"),
    path(f"{CHILD}freeze/", children.freeze_child, name="family-child-freeze"),
    path("projects/<slug:project>/slices/<slug:slug>/", views.slice_page, name="slice"),
    path("projects/<slug:project>/slices/<slug:slug>/freeze/", views.freeze_slice, name="slice-freeze"),
    path("projects/<slug:project>/snapshots/<int:pk>/", views.snapshot_page, name="snapshot"),
    path("projects/<slug:project>/snapshots/<int:pk>/download/", views.download, name="snapshot-download"),
]
