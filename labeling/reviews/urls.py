"""The reviewer's addresses."""

from django.urls import path

from labeling.reviews import contests, views

urlpatterns = [
    path("review/", views.review_home, name="review-home"),
    path("review/contested/", contests.contested, name="contested"),
    path("review/contested/<int:pk>/", contests.decide_contest, name="contest-decide"),
    path("review/<slug:project>/<slug:queue>/", views.review_work, name="review-work"),
    path("review/<slug:project>/<slug:queue>/take/", views.review_take, name="review-take"),
    path("review/<slug:project>/<slug:queue>/judge/", views.review_judge, name="review-judge"),
    path("review/<slug:project>/<slug:queue>/renew/", views.review_renew, name="review-renew"),
    path("label/<slug:project>/<slug:queue>/contest/", contests.contest, name="label-contest"),
]
