"""The processes that are Sluice: the web server, two that work, and the clock."""

import os
import sys
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections

from config.bootstrap import ROOT
from config.supervisor import Process
from teams.work import beats

MANAGE = (sys.executable, str(ROOT / "manage.py"))
WEB = (sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1")
WEB_ENDS = ("--timeout-graceful-shutdown", "5", "--lifespan", "off")
BELIEVES = "--proxy-headers" if settings.BEHIND_PROXY else "--no-proxy-headers"


def processes(port: int) -> list[Process]:
    """What `up` and `demo` run. The worker's beat has travelled through django-q2's queue: a cluster can
    hang for ever and look healthy (its workers share a lock that dies with one of them). None of them learns
    how the database's owner gets in."""
    here = {
        "SLUICE_URL": os.environ.get("SLUICE_URL", f"http://127.0.0.1:{port}"),
        "DATABASE_OWNER_URL": "",
    }
    return [
        Process(
            name="web",
            command=[*WEB, "--port", str(port), *WEB_ENDS, BELIEVES],
            environment={**here, "SLUICE_WEB": "1"},
            port=port,
        ),
        Process(
            name="worker", command=[*MANAGE, "qcluster"], environment=here, beat=age_of("worker"), limit=20
        ),
        # A long job holds its loop; one that has not moved for a quarter of an hour hangs, and its lease goes with it.
        Process(name="jobs", command=[*MANAGE, "work"], environment=here, beat=age_of("jobs"), limit=960),
        Process(name="clock", command=[*MANAGE, "clock"], environment=here, beat=age_of("clock"), limit=20),
    ]


def age_of(name: str) -> Callable[[], float | None]:
    """A beat for the supervisor: the age of a sign of life in the database, read on a fresh connection."""

    def age() -> float | None:
        close_old_connections()
        return beats.age(name)

    return age
