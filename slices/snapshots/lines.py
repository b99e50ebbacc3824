"""Lines of JSON, plain or gzip: exactly what was frozen; nothing is lost."""

from __future__ import annotations

import gzip
import zlib

from slices.snapshots.bench import Bench, in_text
from slices.snapshots.files import Draft

PICTURES = "media_base64"
VERSION = "1"
GZIP_VERSION = f"1 zlib {zlib.ZLIB_RUNTIME_VERSION}"  # another library may pack the same lines otherwise
LEVEL = 6


def write_jsonl(bench: Bench) -> None:
    """One file."""
    file = bench.draft()
    write_lines(bench, file)
    bench.finish(f"{bench.stem}.jsonl", file, bench.rows)


def write_gzip(bench: Bench) -> None:
    """One file, packed; without the time and the name that gzip would put in."""
    file = bench.draft()
    with gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as packed:
        write_lines(bench, packed)
    bench.finish(f"{bench.stem}.jsonl.gz", file, bench.rows)


def write_lines(bench: Bench, file: Draft | gzip.GzipFile) -> None:
    """The lines as they are, each with its picture if that was asked for."""
    for lines, pictures in bench.lines_with_pictures():
        if not bench.inline:
            file.write(b"".join(line.raw for line in lines))
            continue
        for line in lines:
            picture = pictures.get(line.row.media_uri)
            shown = b"null" if picture is None else b'"%b"' % in_text(picture)
            file.write(b'%b,"%b":%b}\n' % (line.raw[:-2], PICTURES.encode(), shown))
