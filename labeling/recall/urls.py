"""Where answers are recalled."""

from django.urls import path

from labeling.recall import views

RECALLS = "projects/<slug:project>/recalls/"

urlpatterns = [
    path(RECALLS, views.recalls, name="recalls"),
    path(f"{RECALLS}<int:pk>/", views.recall_page, name="recall"),
    path(f"{RECALLS}<int:pk>/undo/", views.undo_recall, name="recall-undo"),
    path(f"{RECALLS}<int:pk>/resume/", views.resume_recall, name="recall-resume"),
]
