"""Where a slice with its snapshots is, for people."""

from django.urls import path

from slices.snapshots import views

urlpatterns = [
    path("projects/<slug:project>/slices/<slug:slug>/", views.slice_page, name="slice"),
    path("projects/<slug:project>/slices/<slug:slug>/freeze/", views.freeze_slice, name="slice-freeze"),
    path("projects/<slug:project>/snapshots/<int:pk>/", views.snapshot_page, name="snapshot"),
    path("projects/<slug:project>/snapshots/<int:pk>/download/", views.download, name="snapshot-download"),
]
