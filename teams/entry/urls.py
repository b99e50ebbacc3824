"""The door of the installation, and every person's own account."""

from allauth.account import views
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path

from teams.desk.views import SignOut

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", login_not_required(views.login), name="sign-in"),
    path("sign-in/", views.login, name="account_login"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("account/", include("allauth.urls")),
]
