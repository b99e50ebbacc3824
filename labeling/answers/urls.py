"""The labeler's addresses."""

from django.urls import path

from labeling.answers import beside_pages, moves, sheets, views

urlpatterns = [
    path("label/", views.label_home, name="label-home"),
    path("label/<slug:project>/<slug:queue>/", sheets.work, name="label-work"),
    path("label/<slug:project>/<slug:queue>/take/", views.take, name="label-take"),
    path("label/<slug:project>/<slug:queue>/answer/", views.answer, name="label-answer"),
    path("label/<slug:project>/<slug:queue>/skip/", moves.skip, name="label-skip"),
    path("label/<slug:project>/<slug:queue>/flag/", moves.flag, name="label-flag"),
    path("label/<slug:project>/<slug:queue>/undo/", moves.undo, name="label-undo"),
    path("label/<slug:project>/<slug:queue>/prefetch/", moves.prefetch, name="label-prefetch"),
    path("label/<slug:project>/<slug:queue>/give-back/", moves.give_back, name="label-give-back"),
    path("label/<slug:project>/<slug:queue>/beside/<int:task>/", beside_pages.beside, name="label-beside"),
    path("label/<slug:project>/<slug:queue>/sheet/take/", sheets.take, name="label-sheet-take"),
    path("label/<slug:project>/<slug:queue>/sheet/answer/", sheets.answer, name="label-sheet-answer"),
    path("label/<slug:project>/<slug:queue>/sheet/undo/", sheets.undo, name="label-sheet-undo"),
    path("label/<slug:project>/<slug:queue>/sheet/renew/", sheets.renew, name="label-sheet-renew"),
    path("label/<slug:project>/<slug:queue>/renew/", views.renew, name="label-renew"),
    path("label/<slug:project>/<slug:queue>/draft/", views.draft, name="label-draft"),
    path("label/<slug:project>/<slug:queue>/options/", views.options, name="label-options"),
]
