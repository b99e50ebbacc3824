"""Production starts only with settings that hold, and its cookies and headers are of the strict kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from config.bootstrap import ROOT

GOOD = {"SLUICE_ENV": "production", "SLUICE_SECRET_KEY": "k" * 50, "SLUICE_HOSTS": "sluice.example.org"}
SHOW = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in %r}, default=str))
"""
# ASVS 5.0.0: V3.3.1 to V3.3.4 (cookies), V3.4.1 (HSTS), V3.4.4, V3.4.5, V3.4.6 (headers), V13.4.2 (no debug mode).
STRICT = {
    "DEBUG": False,
    "ALLOWED_HOSTS": ["sluice.example.org"],
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_DOMAIN": None,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 365 * 24 * 3600,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_CONTENT_TYPE_NOSNIFF": True,
    "SECURE_REFERRER_POLICY": "same-origin",
    "SECURE_PROXY_SSL_HEADER": None,
    "X_FRAME_OPTIONS": "DENY",
}


def start(
    environment: dict[str, str], code: str = SHOW % (list(STRICT),)
) -> subprocess.CompletedProcess[str]:
    """Settings, loaded in a process of their own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    own = {**clean, "DJANGO_SETTINGS_MODULE": "config.settings", "SLUICE_OWN_ENVIRONMENT": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )


def test_production_is_strict() -> None:
    started = start(GOOD)
    assert json.loads(started.stdout) == STRICT


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"SLUICE_SECRET_KEY": ""}, "SLUICE_SECRET_KEY must be set"),
        ({"SLUICE_HOSTS": ""}, "SLUICE_HOSTS must be set"),
        ({"SLUICE_DEBUG": "1"}, "takes neither SLUICE_DEBUG nor '*'"),
        ({"SLUICE_HOSTS": "*"}, "takes neither SLUICE_DEBUG nor '*'"),
        ({"SLUICE_HOSTS": "sluice.example.org,*"}, "takes neither SLUICE_DEBUG nor '*'"),
    ],
)
def test_it_does_not_start_otherwise(wrong: dict[str, str], said: str) -> None:
    started = start(GOOD | wrong)
    assert started.returncode != 0
    assert said in started.stderr
