"""Where a person's own tokens are."""

from django.urls import path

from teams.access import views

urlpatterns = [
    path("tokens/", views.own_tokens, name="own-tokens"),
    path("tokens/<int:pk>/rotate/", views.own_token_rotate, name="own-token-rotate"),
    path("tokens/<int:pk>/revoke/", views.own_token_revoke, name="own-token-revoke"),
]
