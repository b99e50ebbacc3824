"""SLUICE_OIDC, the sign-in of a company, as django-allauth reads it."""

from typing import Any

PROVIDER = "company"


def providers(oidc: dict[str, Any]) -> dict[str, Any]:
    """One OpenID Connect provider, or none. `oidc`: server_url, client_id, secret, name; see the README."""
    app = {
        "provider_id": PROVIDER,
        "name": oidc.get("name", "Company"),
        "client_id": oidc.get("client_id", ""),
        "secret": oidc.get("secret", ""),
        "settings": {"server_url": oidc.get("server_url", "")},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app] if oidc else []}}
