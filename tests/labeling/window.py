"""What a labeler's process does: it has a window on a queue and answers what comes, until it is killed."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import django
from django.apps import apps

if not apps.ready:  # loaded once by the process that the others are forked from
    django.setup()

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from labeling.models import Queue

FRAGMENT = {"X-Fragment": "1"}


def run(place: Mapping[str, Any], session: str, queue: int, seed: int) -> None:
    """A process: the database at `place`, the window that this session opened, one key pressed for ever."""
    connection.settings_dict.update(place)
    setup_test_environment(debug=False)
    window = Client()
    window.cookies[settings.SESSION_COOKIE_NAME] = session
    label(
        window,
        Queue.objects.select_related("stream__project__organization").get(pk=queue),
        random.Random(seed),
    )


def label(window: Client, queue: Queue, lot: random.Random, turns: float = math.inf) -> None:
    """Answer what comes, sometimes twice, sometimes too late; fetch ahead, skip nothing."""
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    post: Callable[..., Any] = lambda name, **data: window.post(url + name, data, headers=FRAGMENT)  # noqa: E731
    while turns > 0:
        lease = held(post("take/"))
        while lease is not None and turns > 0:
            turns -= 1
            form = {"lease": lease.pk, "token": lease.token, "digit": str(lot.randrange(10))}
            if lot.random() < 0.3:
                post("prefetch/")
            if lot.random() < 0.03:
                time.sleep(1.5)  # longer than the lease
            answer = post("answer/", **form)
            if lot.random() < 0.2:
                post("answer/", **form)  # a second click
            lease = held(answer)
        time.sleep(0.2)


def held(answer: Any) -> Any:
    """The lease that a page shows, if it shows one."""
    return answer.context["lease"] if answer.status_code == 200 and answer.context else None
