"""Where the explorer is, for people."""

from django.urls import path

from slices.explorer import saving, views

HERE = "projects/<slug:project>/explore/"

urlpatterns = [
    path(HERE, views.explore, name="explore"),
    path(f"{HERE}count/", views.count, name="explore-count"),
    path(f"{HERE}found/", views.shown, name="explore-found"),
    path(f"{HERE}complete/", views.completions, name="explore-complete"),
    path(f"{HERE}save/", saving.save, name="explore-save"),
]
