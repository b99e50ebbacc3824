"""The addresses before an organization's door, and of its people."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from teams.desk import views
from teams.desk.entrance import enter_desk
from teams.people.joining import invitation_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="organizations"), name="root"),
    path("", include("teams.entry.urls")),
    path("invitation/<int:pk>/<str:secret>/", invitation_page, name="invitation"),
    path("organizations/", views.organizations, name="organizations"),
    path("o/<slug:organization>/desk/", enter_desk, name="desk"),
    path("o/<slug:organization>/", include("teams.people.urls")),
    path("o/<slug:organization>/", include("teams.access.urls")),
]
