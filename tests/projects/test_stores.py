"""Files that organizations keep themselves: each has its own read for it, and nobody else's, whatever is typed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.stores import roots, stores
from projects.streams.stores import find, list_files, may_read, open_file
from teams.identity.models import Organization
from teams.identity.refused import Refused
from tests.stores import ObjectStore

ACME, OTHER = Organization(slug="acme", pk=1), Organization(slug="other", pk=2)


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """Acme's folder, with the other's and something of the machine beside it."""
    for name, text in {
        "acme/a.txt": "a",
        "acme/deep/b.txt": "bb",
        "acme-private/secret": "no",
        "other/theirs.txt": "no",
        "machine": "no",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    settings.SLUICE_MEDIA_ROOTS = {"acme": str(tmp_path / "acme"), "other": str(tmp_path / "other")}
    return tmp_path


@pytest.fixture
def bucket(s3: ObjectStore, settings: Any) -> ObjectStore:
    """A bucket in which acme has a folder, between others'."""
    for path in ("shelf/acme/a.txt", "shelf/acme/deep/ü 1.txt", "shelf/acme-private/secret", "shelf/other/x"):
        s3.put(path, path.encode())
    settings.SLUICE_STORES = {
        "acme": [s3.setting("s3://shelf/acme/")],
        "other": [s3.setting("s3://shelf/other/")],
    }
    return s3


def read(organization: Organization, uri: str) -> bytes:
    with open_file(organization, uri) as file:
        return file.read()


# a folder of the machine


def test_a_file_of_the_folder_is_found_and_read(root: Path) -> None:
    uri = f"file://{root}/acme/deep/b.txt"
    assert (find(ACME, uri).size, read(ACME, uri)) == (2, b"bb")


def test_files_below_a_folder_are_listed_in_order_without_links(root: Path) -> None:
    (root / "acme" / "link").symlink_to(root / "other")
    (root / "acme" / "linked.txt").symlink_to(root / "machine")
    found = list_files(ACME, f"file://{root}/acme")
    assert [(file.uri.removeprefix(f"file://{root}/acme/"), file.size) for file in found] == [
        ("a.txt", 1),
        ("deep/b.txt", 2),
    ]


OUT = [
    "file://{root}/other/theirs.txt",
    "file://{root}/acme-private/secret",
    "file://{root}/machine",
    "file://{root}/acme/../machine",
    "file://{root}/acme/deep/../../machine",
    "file://{root}/acme/../acme/a.txt",
    "file:///etc/passwd",
    "file://etc/passwd",
    "file://{root}/acme/\x00",
    "file://{root}",
    "file:///",
    "file://",
    "/etc/passwd",
    "http://127.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "ftp://example.org/x",
    "",
]


@pytest.mark.parametrize("uri", OUT)
def test_nothing_outside_it_is_read(root: Path, uri: str) -> None:
    address = uri.format(root=root)
    for ask in (find, open_file, list_files):
        with pytest.raises(Refused) as refused:
            ask(ACME, address)
        assert refused.value.code == "outside_stores"
    assert may_read(ACME, address) is False


def test_a_link_that_leads_out_is_not_there_and_one_that_stays_inside_is(root: Path) -> None:
    folder = root / "acme"
    (folder / "out.txt").symlink_to(root / "machine")
    (folder / "out").symlink_to(root / "other")
    (folder / "around").symlink_to(folder / "around")
    (folder / "in.txt").symlink_to(folder / "deep" / "b.txt")
    for name in ("out.txt", "out/theirs.txt", "around", "out", "missing", "a.txt/x", "x" * 300):
        for ask in (find, open_file):
            with pytest.raises(FileNotFoundError):
                ask(ACME, f"file://{folder}/{name}")
    assert read(ACME, f"file://{folder}/in.txt") == b"bb"


def test_what_is_no_file_is_not_there(root: Path) -> None:
    os.mkfifo(root / "acme" / "pipe")
    for name in ("pipe", "deep", ""):
        with pytest.raises(FileNotFoundError):
            open_file(ACME, f"file://{root}/acme/{name}")


def test_an_organization_without_a_folder_has_none(root: Path, settings: Any) -> None:
    settings.SLUICE_MEDIA_ROOTS = {}
    with pytest.raises(Refused):
        open_file(ACME, f"file://{root}/acme/a.txt")


@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["..", ".", "", "acme", "deep", "a.txt", "other", "machine", "\\", "%2e%2e", "é"])
    )
)
def test_however_a_path_is_put_together_only_own_files_open(root: Path, steps: list[str]) -> None:
    try:
        content = read(ACME, f"file://{root}/acme/{'/'.join(steps)}")
    except (Refused, FileNotFoundError):
        return
    assert content in (b"a", b"bb")


# an object store


def test_an_object_is_found_and_read_in_parts(bucket: ObjectStore) -> None:
    uri = "s3://shelf/acme/deep/ü 1.txt"
    assert find(ACME, uri).size == len("shelf/acme/deep/ü 1.txt".encode())
    with open_file(ACME, uri) as file:
        file.seek(6)
        assert file.read(4) == b"acme"


def test_objects_below_a_prefix_are_listed(bucket: ObjectStore) -> None:
    uris = ["s3://shelf/acme/a.txt", "s3://shelf/acme/deep/ü 1.txt"]
    assert [file.uri for file in list_files(ACME, "s3://shelf/acme/")] == uris
    assert [file.uri for file in list_files(ACME, uris[0])] == uris[:1]


@pytest.mark.parametrize(
    "uri",
    [
        "s3://shelf/other/x",
        "s3://shelf/acme-private/secret",
        "s3://shelf/acme",
        "s3://shelf/",
        "s3://other-bucket/acme/a.txt",
        "s3://shelf/acme/../other/x",
        "s3://shelf/acme/./a.txt",
        "s3://shelf/acme//a.txt",
        "s3://shelf/acme/..\\other/x",
        "s3://shelf/acme/\x00",
        "s3://shelf/acme/a\n.txt",
        "S3://shelf/acme/a.txt",
    ],
)
def test_no_other_object_is(bucket: ObjectStore, uri: str) -> None:
    for ask in (find, open_file, list_files):
        with pytest.raises(Refused):
            ask(ACME, uri)


def test_the_steps_that_are_refused_would_have_led_out(bucket: ObjectStore) -> None:
    with bucket.client.open_input_file("shelf/acme/../other/x") as file:
        assert file.read() == b"shelf/other/x"


def test_what_is_not_there_or_does_not_answer_is_an_error_of_the_file(
    bucket: ObjectStore, settings: Any
) -> None:
    for ask in (find, open_file, list_files):
        with pytest.raises(FileNotFoundError):
            ask(ACME, "s3://shelf/acme/missing")
    settings.SLUICE_STORES = {"acme": [bucket.setting("s3://shelf/") | {"endpoint": "http://127.0.0.1:9"}]}
    with pytest.raises(OSError):
        open_file(ACME, "s3://shelf/acme/a.txt")


def test_too_many_files_are_refused(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.streams.stores.MOST", 1)
    with pytest.raises(Refused) as refused:
        list_files(ACME, "s3://shelf/acme/")
    assert refused.value.code == "too_many_files"


# what the installation says


def test_credentials_come_from_the_environment() -> None:
    said = {"acme": [{"prefix": "s3://shelf/acme", "key": "K", "secret": "S"}]}
    assert stores(said, {"K": "key", "S": "secret"}) == {
        "acme": [
            {
                "prefix": "s3://shelf/acme/",
                "endpoint": "",
                "region": "us-east-1",
                "key": "key",
                "secret": "secret",
            }
        ]
    }


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"acme": {}},
        {"acme": [1]},
        {"acme": [{}]},
        {"acme": [{"prefix": "file:///"}]},
        {"acme": [{"prefix": "s3://a", "key": "K"}]},
        {"acme": [{"prefix": "s3://a", "key": "K", "secret": "MISSING"}]},
        {"acme": [{"prefix": "s3://a", "password": "x"}]},
    ],
)
def test_a_store_that_makes_no_sense_stops_the_start(said: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="SLUICE_STORES"):
        stores(said, {"K": "key"})


@pytest.mark.parametrize(
    "said",
    [[], {"acme": 1}, {"acme": "here"}, {"acme": "/"}, {"a": "/srv", "b": "/srv/b"}, {"a": "/s", "b": "/s"}],
)
def test_so_does_a_folder_that_is_none_or_anothers(said: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="SLUICE_MEDIA_ROOTS"):
        roots(said)
