"""Where figures about people and about the quality of answers are."""

from django.urls import path

from labeling.quality import check_pages, gold_pages, queue_pages, views

QUEUE = "projects/<slug:project>/queues/<slug:queue>/"

urlpatterns = [
    path("figures/", views.all_figures, name="all-figures"),
    path("figures/own/", views.own_figures, name="own-figures"),
    path("figures/<int:pk>/", views.person_figures, name="person-figures"),
    path("projects/<slug:project>/quality/", queue_pages.project_quality, name="quality"),
    path(f"{QUEUE}quality/", queue_pages.queue_quality, name="queue-quality"),
    path(f"{QUEUE}quality/agreement.csv", queue_pages.agreement_csv, name="queue-agreement-csv"),
    path(f"{QUEUE}quality/people.csv", queue_pages.people_csv, name="queue-people-csv"),
    path("projects/<slug:project>/checks/", check_pages.checks, name="answer-checks"),
    path("projects/<slug:project>/checks/<int:pk>/end/", check_pages.end_check, name="answer-check-end"),
    path(f"{QUEUE}gold/", gold_pages.golds, name="queue-gold"),
    path(f"{QUEUE}gold/draw/", gold_pages.draw, name="queue-gold-draw"),
    path(f"{QUEUE}gold/<int:pk>/retire/", gold_pages.retire_gold, name="queue-gold-retire"),
]
