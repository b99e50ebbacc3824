"""An upload that no example ever shows goes after a month; one that any example has shown stays with what kept it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from PIL import Image

from projects.models import Media
from projects.streams import media
from projects.streams.sweeping import forget
from teams.work.clock import DUE_SOURCES
from tests.factories import ProjectFactory, StreamFactory, token

EXAMPLES = "/api/v1/projects/digits/streams/tags/examples"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def script(api) -> Any:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    return api(token(stream.organization, stream.project)[1])


def png(shade: int = 9) -> bytes:
    buffer = BytesIO()
    Image.new("L", (8, 8), shade).save(buffer, "png")
    return buffer.getvalue()


def uploaded(script: Any, shade: int = 9) -> str:
    answer = script.post("/api/v1/projects/digits/media", png(shade), content_type="image/png")
    assert answer.status_code in (200, 201), answer.content
    return str(answer.json()["uri"])


def send(script: Any, key: str, said: dict[str, Any]) -> str:
    rows = [{"key": key, "media": said}]
    answer = script.post(EXAMPLES, {"examples": rows}, content_type="application/json")
    return str(answer.json()["rows"][0]["outcome"])


def clock(days: float) -> int:
    return DUE_SOURCES["uploads"](timezone.now() + timedelta(days=days))


def there(files: Path) -> int:
    return len([path for path in files.rglob("*") if path.is_file()])


def test_what_no_example_shows_goes_after_a_month_with_its_file(script, files: Path) -> None:
    uploaded(script)
    assert (clock(days=29), Media.objects.count(), there(files)) == (0, 1, 1)
    assert (clock(days=31), Media.objects.count(), there(files)) == (1, 0, 0)
    assert clock(days=31) == 0


def test_what_an_example_shows_or_has_shown_stays(script, files: Path) -> None:
    first, second = uploaded(script, 1), uploaded(script, 2)
    assert send(script, "ann", {"uri": first}) == "created"
    assert send(script, "ann", {"uri": second}) == "updated"
    assert send(script, "bob", {"data": base64.b64encode(png(3)).decode()}) == "created"
    assert (clock(days=31), there(files)) == (0, 3)


def test_sent_again_it_is_waited_for_again(script) -> None:
    uri = uploaded(script)
    Media.objects.update(created_at=timezone.now() - timedelta(days=29))
    assert uploaded(script) == uri
    assert clock(days=29) == 0


def test_what_a_row_shows_at_last_is_there_or_the_row_is_refused(script) -> None:
    """A batch that comes while the upload is taken away waits, and hears that there is no such upload."""
    uri = uploaded(script)
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        assert forget(Media.objects.get().pk, timezone.now() + timedelta(days=31))
        sent = other.submit(closing, lambda: send(script, "ann", {"uri": uri}))
    assert sent.result() == "rejected"


def test_an_upload_that_a_batch_is_just_naming_stays(script) -> None:
    uploaded(script)
    row = Media.objects.get()
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        assert list(media.named(row.organization, [media.SCHEME + row.digest])) == [media.SCHEME + row.digest]
        assert other.submit(closing, lambda: clock(days=31)).result() == 0
    assert Media.objects.count() == 1


def closing(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    finally:
        connection.close()
