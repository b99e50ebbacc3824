"""The reviewer's addresses."""

from django.urls import path

from labeling.reviews import contests, issue_pages, views

urlpatterns = [
    path("review/", views.review_home, name="review-home"),
    path("review/contested/", contests.contested, name="contested"),
    path("review/contested/<int:pk>/", contests.decide_contest, name="contest-decide"),
    path("review/<slug:project>/<slug:queue>/", views.review_work, name="review-work"),
    path("review/<slug:project>/<slug:queue>/take/", views.review_take, name="review-take"),
    path("review/<slug:project>/<slug:queue>/judge/", views.review_judge, name="review-judge"),
    path("review/<slug:project>/<slug:queue>/renew/", views.review_renew, name="review-renew"),
    path("review/<slug:project>/<slug:queue>/beside/<int:task>/", views.review_beside, name="review-beside"),
    path("projects/<slug:project>/examples/<int:example>/issues/", issue_pages.open_one, name="issue-open"),
    path(
        "projects/<slug:project>/examples/<int:example>/issues/beside/",
        issue_pages.panel,
        name="issues-beside",
    ),
    path("projects/<slug:project>/issues/<int:pk>/resolve/", issue_pages.resolve_one, name="issue-resolve"),
    path("projects/<slug:project>/issues/<int:pk>/ask-again/", issue_pages.again, name="issue-again"),
    path("label/<slug:project>/<slug:queue>/contest/", contests.contest, name="label-contest"),
]
