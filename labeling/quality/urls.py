"""Where figures about people are."""

from django.urls import path

from labeling.quality import views

urlpatterns = [
    path("figures/", views.all_figures, name="all-figures"),
    path("figures/own/", views.own_figures, name="own-figures"),
    path("figures/<int:pk>/", views.person_figures, name="person-figures"),
]
