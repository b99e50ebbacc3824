"""Uploading a file, naming it in rows, and seeing it: what it is said to be changes nothing."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from projects.models import Example, Media
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import (
    ExampleFactory,
    LeaseFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)
from tests.factories.files import huge_png, picture, sound
from tests.stores import ObjectStore

pytestmark = pytest.mark.django_db
URL = "/api/v1/projects/shelf/media"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="shelf", organization__slug="acme"))


@pytest.fixture
def script(stream: Any, api: Any) -> Client:
    client: Client = api(token(stream.organization, stream.project)[1])
    return client


@pytest.fixture
def browser(stream: Any, page: Any) -> Client:
    client: Client = page(member(stream.organization, Role.MANAGER))
    return client


def upload(script: Client, data: bytes, content_type: str = "application/octet-stream", **more: Any) -> Any:
    return script.post(URL, data, content_type=content_type, **more)


def send(script: Client, *rows: dict[str, Any]) -> Any:
    examples = "/api/v1/projects/shelf/streams/tags/examples"
    return script.post(examples, {"examples": rows}, content_type="application/json").json()["rows"]


def address(browser: Client, row: Any) -> str:
    """The address of an example's media, as its page has it."""
    shown = browser.get(f"/o/acme/projects/shelf/examples/{row.pk}/").content.decode()
    [found] = re.findall(r'(?:src|href)="(/o/acme/media/[^"]+)"', shown)
    return html.unescape(found)


# uploading


def test_a_file_is_kept_once_and_named_by_its_digest(script: Client, stream: Any) -> None:
    first, again = upload(script, picture()), upload(script, picture())
    row = Media.objects.get()
    said = {"uri": f"sluice:{row.digest}", "type": "image/png", "kind": "image", "size": len(picture())}
    assert (first.status_code, first.json()) == (201, said | {"width": 8, "height": 8})
    assert (again.status_code, again.json()) == (200, first.json())
    assert [event.data for event in Event.objects.filter(kind="media.uploaded")] == [
        {"media": row.pk, "size": row.size}
    ]


@pytest.mark.parametrize(
    ("data", "kind", "content_type"),
    [
        (picture("JPEG"), "image", "image/jpeg"),
        (sound(), "audio", "audio/wav"),
        (b'{"a": 1}', "json", "application/json"),
        (b"a line", "text", "text/plain"),
    ],
)
def test_its_bytes_say_what_it_is_whatever_its_sender_says(
    script: Client, data: bytes, kind: str, content_type: str
) -> None:
    for said in ("text/html", "image/svg+xml", "application/x-www-form-urlencoded", "application/json"):
        answer = upload(script, data, said)
        assert (answer.json()["kind"], answer.json()["type"]) == (kind, content_type)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty"),
        (SVG, 422, "unknown_type"),
        (b"<!doctype html><script>alert(1)</script>", 422, "unknown_type"),
        (b"\xff\xd8\xff<html>", 422, "broken_file"),
        (huge_png(50_000, 50_000), 422, "too_many_pixels"),
        (huge_png(0, 5), 422, "broken_file"),
        (picture("JPEG")[:100], 422, "broken_file"),
        (b"x" * (1024 * 1024 + 1), 413, "too_large"),
    ],
)
def test_what_is_not_kept_is_a_problem_with_its_reason(
    script: Client, settings: Any, data: bytes, status: int, code: str
) -> None:
    settings.SLUICE_MEDIA_MB = 1
    answer = upload(script, data, "image/png")
    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (body["errors"][0] if status == 422 else body)["code"] == code
    assert (Media.objects.count(), Event.objects.filter(kind="media.uploaded").count()) == (0, 0)


def test_a_form_is_not_a_file(script: Client) -> None:
    boundary = "multipart/form-data; boundary=x"
    assert upload(script, b"--x\r\n\r\nx\r\n--x--", boundary).status_code == 415


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "con",
        "x" * 300,
        "\u202egnp.exe",
        "photo.png.html",
        'x"; filename="y.html',
        "a\r\nX-Bad: 1",
        "\x00",
    ],
)
def test_no_name_is_taken_from_its_sender(script: Client, browser: Client, stream: Any, name: str) -> None:
    headers = {"Content-Disposition": f"attachment; filename={name!r}", "X-Name": repr(name)}
    uri = upload(script, picture(), headers=headers).json()["uri"]
    send(script, {"key": "a", "media": {"uri": uri}})
    row = Media.objects.get()
    assert re.fullmatch(rf"{stream.organization_id}/media/[0-9a-f]{{2}}/{row.digest}", row.name)
    answer = browser.get(address(browser, Example.objects.get()))
    assert answer["Content-Disposition"] == f'inline; filename="{row.digest[:12]}.png"'


def test_only_who_may_send_examples_uploads(stream: Any, script: Client, api: Any) -> None:
    elsewhere = ProjectFactory(slug="shelf")
    texts = [token(stream.organization)[1], token(elsewhere.organization, elsewhere)[1]]
    assert [upload(api(text), picture()).status_code for text in texts] == [404, 201]
    assert Media.objects.filter(organization=stream.organization).count() == 0


# rows


def test_a_row_names_an_upload_and_gets_its_type(script: Client) -> None:
    uri = upload(script, sound()).json()["uri"]
    [row] = send(script, {"key": "a", "media": {"uri": uri, "type": "text/html"}})
    assert row["outcome"] == "created"
    example = Example.objects.get()
    assert (example.media_uri, example.media_type) == (uri, "audio/wav")


def test_what_was_never_uploaded_here_cannot_be_named(script: Client, api: Any) -> None:
    other = ProjectFactory(slug="shelf")
    theirs = upload(api(token(other.organization, other)[1]), picture()).json()["uri"]
    for uri in (theirs, f"sluice:{'0' * 64}"):
        [row] = send(script, {"key": "a", "media": {"uri": uri}})
        assert [(error["pointer"], error["code"]) for error in row["errors"]] == [
            ("/examples/0/media/uri", "unknown_media")
        ]


@pytest.mark.parametrize(
    "uri", ["s3://b/a key.png", "gs://b/ü.png", "az://c/x", "file:///srv/a.png", "https://example.org/a.png"]
)
def test_media_may_lie_where_they_are(script: Client, uri: str) -> None:
    assert [row["outcome"] for row in send(script, {"key": "a", "media": {"uri": uri}})] == ["created"]


@pytest.mark.parametrize(
    "uri",
    [
        "file://etc",
        "file:///",
        "s3://",
        "javascript:alert(1)",
        "data:text/html,x",
        "/etc",
        "s3://a\n",
        "ftp://x",
    ],
)
def test_other_addresses_are_refused(script: Client, uri: str) -> None:
    [row] = send(script, {"key": "a", "media": {"uri": uri}})
    assert [error["pointer"] for error in row["errors"]] == ["/examples/0/media/uri"]


def test_pictures_in_rows_are_decoded_within_limits(script: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.streams.lines.MOST_PIXELS", 150)
    data = [picture(), huge_png(50_000, 50_000), SVG, picture("GIF"), picture("JPEG")]
    rows = [{"key": str(n), "media": {"data": base64.b64encode(one).decode()}} for n, one in enumerate(data)]
    codes = [row.get("errors", [{"code": row["outcome"]}])[0]["code"] for row in send(script, *rows)]
    assert codes == ["created", "too_many_pixels", "unknown_type", "created", "too_many_pixels"]


# seeing


def test_sound_plays_in_parts(script: Client, browser: Client) -> None:
    data = sound(1)
    send(script, {"key": "a", "media": {"uri": upload(script, data).json()["uri"]}})
    url = address(browser, Example.objects.get())
    whole, part = browser.get(url), browser.get(url, headers={"range": "bytes=100-199"})
    assert (whole.status_code, whole["Content-Type"], whole.getvalue()) == (200, "audio/wav", data)
    assert (part.status_code, part["Content-Range"], part.getvalue()) == (
        206,
        f"bytes 100-199/{len(data)}",
        data[100:200],
    )


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=0-0", 206),
        ("bytes=-5", 206),
        ("bytes=999999999-", 416),
        ("bytes=-0", 416),
        ("bytes=5-2", 200),
        ("bytes=0-1,4-5", 200),
        ("bytes=" + ",".join("0-" for _ in range(2000)), 200),
        ("bytes=99999999999999999999999-", 200),
        ("bytes=-", 200),
        ("items=0-5", 200),
        ("bytes=a-b", 200),
    ],
)
def test_odd_ranges_are_answered_by_the_book(
    script: Client, browser: Client, asked: str, status: int
) -> None:
    send(script, {"key": "a", "media": {"uri": upload(script, picture()).json()["uri"]}})
    answer = browser.get(address(browser, Example.objects.get()), headers={"range": asked})
    assert answer.status_code == status
    if status == 200:
        assert answer.getvalue() == picture()


def test_who_has_it_is_not_sent_it_again(script: Client, browser: Client) -> None:
    send(script, {"key": "a", "media": {"uri": upload(script, picture()).json()["uri"]}})
    url = address(browser, Example.objects.get())
    etag = browser.get(url)["ETag"]
    again = browser.get(url, headers={"if-none-match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def test_an_answer_can_run_nothing(script: Client, browser: Client) -> None:
    for n, data in enumerate((picture("GIF") + b"*/=1;alert(1)//", b"alert(1)", b'{"a": 1}')):
        send(script, {"key": f"a{n}", "media": {"uri": upload(script, data).json()["uri"]}})
    for row, content_type in zip(
        Example.objects.order_by("key"),
        ("image/gif", "text/plain; charset=utf-8", "application/json"),
        strict=True,
    ):
        url = page_or_signed(browser, row)
        answer = browser.get(url)
        assert {
            name: answer[name]
            for name in (
                "Content-Type",
                "X-Content-Type-Options",
                "Content-Security-Policy",
                "Cross-Origin-Resource-Policy",
            )
        } == {
            "Content-Type": content_type,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }


def page_or_signed(browser: Client, row: Any) -> str:
    """The address of media whose page shows words, not the file."""
    return str(browser.get(f"/o/acme/projects/shelf/examples/{row.pk}/").context["media"].url)


def test_a_file_that_the_storage_lost_is_not_found(script: Client, browser: Client) -> None:
    send(script, {"key": "a", "media": {"uri": upload(script, picture()).json()["uri"]}})
    url = address(browser, Example.objects.get())
    default_storage.delete(Media.objects.get().name)
    assert browser.get(url).status_code == 404


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (picture(), '<img class="media-image"'),
        (sound(), '<audio class="media-audio" controls'),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", '<video class="media-video" controls'),
        (b'{"b":[1],"a":"\\u003cb\\u003e"}', "&quot;b&quot;: [\n    1\n  ]"),
        (b"first\nsecond", ">first\nsecond</pre>"),
        (b"[" + b"1," * 50 + b"1]", "53 lines</summary>"),
        (b"word " * 20_000, "Open all of it"),
    ],
)
def test_each_kind_is_shown_as_what_it_is_to_managers_and_labelers(
    script: Client, browser: Client, page: Any, stream: Any, data: bytes, seen: str
) -> None:
    send(script, {"key": "a", "media": {"uri": upload(script, data).json()["uri"]}})
    row = Example.objects.get()
    labeler = member(stream.organization, Role.LABELER, stream.project)
    queue = QueueFactory(project=stream.project, stream=stream, slug="hard")
    LeaseFactory(task=TaskFactory(queue=queue, example=row), user=labeler)
    for answer in (
        browser.get(f"/o/acme/projects/shelf/examples/{row.pk}/"),
        page(labeler).get("/o/acme/label/shelf/hard/"),
    ):
        assert seen in answer.content.decode()
        assert "media-src 'self' https: http:" in answer["Content-Security-Policy"]
    assert browser.get("/o/acme/projects/shelf/").status_code == 200


def test_words_that_show_people_are_a_look_at_them(script: Client, browser: Client, stream: Any) -> None:
    stream.has_personal_media = True
    stream.save()
    send(script, {"key": "a", "media": {"uri": upload(script, b"dear Ann").json()["uri"]}})
    row = Example.objects.get()
    browser.get("/o/acme/projects/shelf/")
    assert Event.objects.filter(kind="media.viewed").count() == 0
    browser.get(f"/o/acme/projects/shelf/examples/{row.pk}/")
    assert [event.subject_id for event in Event.objects.filter(kind="media.viewed")] == [row.pk]


def test_who_seeks_in_a_film_of_people_looks_once_and_never_unseen(
    script: Client, browser: Client, stream: Any
) -> None:
    stream.has_personal_media = True
    stream.save()
    send(script, {"key": "a", "media": {"uri": upload(script, sound(1)).json()["uri"]}})
    url = address(browser, Example.objects.get())
    for _ in range(3):
        browser.get(url, headers={"range": "bytes=5-9"})
    assert Event.objects.filter(kind="media.viewed").count() == 1
    browser.get(url, headers={"range": "bytes=0-9"})
    assert Event.objects.filter(kind="media.viewed").count() == 2


# files of the organization's own


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Acme's folder."""
    place = tmp_path / "acme"
    place.mkdir()
    settings.SLUICE_MEDIA_ROOTS = {"acme": str(place)}
    return place


def test_a_picture_of_the_own_folder_is_shown(script: Client, browser: Client, folder: Path) -> None:
    (folder / "a b.png").write_bytes(picture())
    send(script, {"key": "a", "media": {"uri": f"file://{folder}/a b.png"}})
    answer = browser.get(address(browser, Example.objects.get()))
    assert (answer.status_code, answer["Content-Type"], answer.getvalue()) == (200, "image/png", picture())


def test_what_changed_has_another_tag(script: Client, browser: Client, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    send(script, {"key": "a", "media": {"uri": f"file://{folder}/a.png"}})
    url = address(browser, Example.objects.get())
    before = browser.get(url)["ETag"]
    (folder / "a.png").write_bytes(picture(size=(9, 9)))
    answer = browser.get(url, headers={"if-none-match": before})
    assert (answer.status_code, answer.getvalue()) == (200, picture(size=(9, 9)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.svg", SVG),
        ("a.png", SVG),
        ("a.jpg", b"<html><script>alert(1)</script>"),
        ("a.png", huge_png(50_000, 50_000)),
        ("a.png", huge_png(0, 0)),
        ("a.gif", b"GIF89a=/*"),
        ("a.pdf", b"%PDF-1.7"),
        ("a.png", b""),
    ],
)
def test_what_no_browser_should_be_shown_is_a_download(
    script: Client, browser: Client, folder: Path, name: str, data: bytes
) -> None:
    (folder / name).write_bytes(data)
    send(script, {"key": "a", "media": {"uri": f"file://{folder}/{name}"}})
    answer = browser.get(address(browser, Example.objects.get()))
    said = (answer.status_code, answer["Content-Type"], answer["Content-Disposition"].partition(";")[0])
    assert said == (200, "application/octet-stream", "attachment")
    assert answer.getvalue() == data


def test_links_and_steps_upwards_lead_nowhere(script: Client, browser: Client, folder: Path) -> None:
    (folder.parent / "secret.png").write_bytes(picture())
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    send(script, {"key": "a", "media": {"uri": f"file://{folder}/link.png"}})
    assert browser.get(address(browser, Example.objects.get())).status_code == 404
    for uri in (f"file://{folder}/../secret.png", f"file://{folder.parent}/secret.png", "file:///etc/passwd"):
        send(script, {"key": "a", "media": {"uri": uri}})
        row = Example.objects.get()
        shown = browser.get(f"/o/acme/projects/shelf/examples/{row.pk}/").content.decode()
        assert "Its media lie where Sluice does not look" in shown


def test_an_object_is_streamed_to_the_page_in_parts(
    script: Client, browser: Client, s3: ObjectStore, settings: Any
) -> None:
    settings.SLUICE_STORES = {"acme": [s3.setting("s3://media/acme/")]}
    data = sound(20)
    uri = s3.put("media/acme/long.wav", data)
    send(script, {"key": "a", "media": {"uri": uri, "type": "audio/wav"}})
    url = address(browser, Example.objects.get())
    whole, part = browser.get(url), browser.get(url, headers={"range": "bytes=300000-300009"})
    assert (whole["Content-Type"], whole.getvalue()) == ("audio/wav", data)
    assert (part.status_code, part.getvalue()) == (206, data[300000:300010])
    settings.SLUICE_STORES = {"acme": [s3.setting("s3://media/acme/") | {"endpoint": "http://127.0.0.1:9"}]}
    assert browser.get(url).status_code == 503
    settings.SLUICE_STORES = {}
    assert browser.get(url).status_code == 404


def test_an_address_is_for_one_example_as_it_is(browser: Client, stream: Any, folder: Path) -> None:
    for name in ("a", "b"):
        (folder / f"{name}.png").write_bytes(picture())
    first, second = (ExampleFactory(stream=stream, media_uri=f"file://{folder}/{name}.png") for name in "ab")
    url = address(browser, first)
    assert browser.get(url.replace(f"/{first.pk}/", f"/{second.pk}/")).status_code == 404
    Example.objects.filter(pk=first.pk).update(media_uri=second.media_uri)
    assert browser.get(url).status_code == 404


# Loopback, private, link-local, metadata of clouds, and the ways to write them (reliability, 2.4).
INWARDS = [
    "127.0.0.1", "localhost", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0.0.0.0", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fec0::1]", "[fe80::1]",
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "100.64.0.1", "224.0.0.1", "metadata.google.internal", "user@127.0.0.1", "127.0.0.1:5432", "example.org",
]  # fmt: skip


def test_the_server_asks_no_address_that_was_typed(
    script: Client, browser: Client, stream: Any, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    labeler = member(stream.organization, Role.LABELER, stream.project)
    queue = QueueFactory(project=stream.project, stream=stream, slug="hard")
    asked: list[Any] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *where, **more: asked.append(where) or [])
    monkeypatch.setattr("socket.socket.connect", lambda self, where: asked.append(where))
    uris = [f"{scheme}://{host}/a.json" for host in INWARDS for scheme in ("http", "https")]
    rows = [{"key": uri, "media": {"uri": uri, "type": "application/json"}} for uri in uris]
    assert {row["outcome"] for row in send(script, *rows)} == {"created"}
    for row in Example.objects.all():
        shown = browser.get(f"/o/acme/projects/shelf/examples/{row.pk}/")
        assert (shown.status_code, shown.context["media"].words) == (200, "")
    LeaseFactory(task=TaskFactory(queue=queue, example=row), user=labeler)
    assert page(labeler).get("/o/acme/label/shelf/hard/").status_code == 200
    assert asked == []


def test_rows_with_files_go_out_with_the_small_ones_only(
    script: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, data in enumerate((picture(), sound())):
        send(script, {"key": f"a{n}", "media": {"uri": upload(script, data).json()["uri"]}})
    monkeypatch.setattr("projects.streams.media.MAX_BYTES", 500)
    answer = script.get("/api/v1/projects/shelf/streams/tags/examples?media=inline&limit=10")
    shown = {row["key"]: row["media_base64"] for row in json.loads(answer.content)["results"]}
    assert shown == {"a0": base64.b64encode(picture()).decode(), "a1": None}
