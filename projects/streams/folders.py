"""Files of a folder that an organization may have read for it: nothing outside, whatever the name or a link says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def inside(root: Path, path: Path) -> Path:
    """Where a path really leads, links followed. Raises FileNotFoundError when nothing is there or it is outside.

    One error for both: who may not look outside may not learn either what is there.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # a link to itself; a name that no file can have
        raise FileNotFoundError(str(path)) from None
    if ".." in path.parts or not real.is_relative_to(root.resolve()):
        raise FileNotFoundError(str(path))
    return real


def open_file(root: Path, path: Path) -> IO[bytes]:
    """A regular file below the root, to read.

    Opened step by step from the root and following no link: one that somebody puts there after we looked leads
    nowhere. What is not a file (a pipe would keep us waiting) is not there.
    """
    real = inside(root, path)
    steps = real.relative_to(root.resolve()).parts
    if not steps:
        raise FileNotFoundError(str(path))
    here = os.open(root.resolve(), os.O_RDONLY | os.O_DIRECTORY)
    for step in steps:
        try:
            following = os.open(step, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
        except OSError:
            raise FileNotFoundError(str(path)) from None
        finally:
            os.close(here)
        here = following
    if not stat.S_ISREG(os.fstat(here).st_mode):
        os.close(here)
        raise FileNotFoundError(str(path))
    return open(here, "rb")


def files_below(root: Path, path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Regular files below a folder, or the one file that it names, in order of name; links are passed over."""
    start = inside(root, path)
    if start.is_file():
        yield path, start.stat()
        return
    for entry in sorted(os.scandir(start), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(root, path / entry.name)
        elif entry.is_file(follow_symlinks=False):
            yield path / entry.name, entry.stat(follow_symlinks=False)
