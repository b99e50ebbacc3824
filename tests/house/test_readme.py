"""The README's example: a pipeline asks, a person answers on the page, and the pipeline has the answer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import LabelSchemaFactory, ProjectFactory, QueueFactory, StreamFactory, member, token
from tests.stack import eventually

README = Path(__file__).resolve().parents[2] / "README.md"


def example() -> str:
    """The first Python of the README."""
    found = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.django_db(transaction=True)
def test_a_person_answers_the_ask_of_the_readme(live_server: Any, page: Callable[[Any], Client]) -> None:
    project = ProjectFactory(slug="digits")
    queue = QueueFactory(
        stream=StreamFactory(project=project), schema=LabelSchemaFactory(project=project), slug="hard"
    )
    labeler = page(member(project.organization, "labeler", project))
    script = subprocess.Popen(
        [sys.executable, "-c", example().replace("http://127.0.0.1:8000", live_server.url)],
        env={**os.environ, "SLUICE_TOKEN": token(project.organization, project)[1]},
        stdout=subprocess.PIPE,
        text=True,
    )
    eventually(queue.tasks.exists)
    place = f"/o/{project.organization.slug}/label/digits/hard"
    labeler.post(f"{place}/take/")
    lease = queue.tasks.get().leases.get()
    labeler.post(f"{place}/answer/", {"lease": lease.pk, "token": lease.token, "digit": "1"})
    said, _ = script.communicate(timeout=60)
    assert said.startswith("answered {")
    assert "'1'" in said


def test_its_first_screen_names_both_commands() -> None:
    words = README.read_text()
    assert [f"python3 manage.py {name}" in words for name in ("demo", "test")] == [True, True]
