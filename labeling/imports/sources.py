"""Where the rows of an import come from: the uploaded file, or files of a store."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from django.utils.translation import gettext as _

from labeling.imports.models import Import
from labeling.imports.reading import HEAD, Options, Questions, Unreadable, guess_format
from labeling.imports.storing import open_stored
from projects.schemas.fields import field_specs
from projects.streams import stores

BUFFER = 1024 * 1024


def files_of(row: Import) -> list[dict[str, Any]]:
    """The files to read, in order: {name, size, version}. Raises Unreadable where there is none to be had."""
    if row.stored:
        return [{"name": row.name, "size": row.bytes_total, "version": row.sha256}]
    try:
        found = stores.list_files(row.organization, row.uri)
    except FileNotFoundError:
        raise Unreadable(_("There is no file at this address."), code="no_file") from None
    files = [{"name": one.uri, "size": one.size, "version": one.version} for one in found if one.size]
    if not files:
        raise Unreadable(_("There is no file at this address that holds anything."), code="no_file")
    return files


@contextmanager
def opened(row: Import, file: dict[str, Any]) -> Iterator[IO[bytes]]:
    """One of the files, to read and seek in. Raises Unreadable where it is gone or another one."""
    try:
        found = open_stored(row.stored) if row.stored else open_in_store(row, file)
    except FileNotFoundError:
        raise Unreadable(
            _("“%(name)s” is not there any more.") % {"name": file["name"]}, code="no_file"
        ) from None
    with found:
        yield found


def open_in_store(row: Import, file: dict[str, Any]) -> IO[bytes]:
    """A file of a store, if it is still the one that was listed."""
    if stores.find(row.organization, file["name"]).version != file["version"]:
        sentence = _("“%(name)s” was changed while it was read; start anew.") % {"name": file["name"]}
        raise Unreadable(sentence, code="file_changed")
    return cast(
        IO[bytes], io.BufferedReader(cast(Any, stores.open_file(row.organization, file["name"])), BUFFER)
    )


def format_of(row: Import, file: dict[str, Any]) -> str:
    """The format to read it as: the one that was said, else the one that its first bytes show. Raises Unreadable."""
    if row.format:
        return row.format
    with opened(row, file) as found:
        guessed = guess_format(found.read(HEAD), file["name"])
    if guessed is None:
        raise Unreadable(_("It cannot be told which format this is; say which."), code="format")
    return guessed


def options_of(row: Import) -> Options:
    """How to read it; attributes that the stream declares are of the types that it says."""
    given = dict(row.options)
    declared = {name: spec.type for name, spec in field_specs(row.stream.fields).items()}
    return Options(**(given | {"types": given.get("types", {}) | declared}))


def questions_of(row: Import) -> Questions:
    """The questions that labels answer: the newest of the project."""
    newest = row.organization.label_schemas.filter(project=row.project_id).order_by("-version").first()
    return newest.questions if newest else []
