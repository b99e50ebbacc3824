"""A zip of pictures, read a member at a time within limits; nothing of it is ever unpacked to the disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import IO

from django.utils.translation import gettext_lazy as _

from labeling.imports.readers.shapes import NotTaken
from labeling.imports.reading import Unreadable
from projects.streams.media import MAX_BYTES

ZIP = b"PK\x03\x04"
MAX_STEPS = 8  # of a path
MAX_DIRECTORY = 32 * 1024 * 1024  # bytes of the list of members
MAX_RATIO = 200  # of what a member says to its bytes in the zip, beyond the first megabyte
FREE = 1024 * 1024
END = b"PK\x05\x06"
END_SIZE = 22


class Pictures:
    """The members of a zip, by path and by every end of it that no other has; none without a zip.

    Members that are links, lie outside, are locked, or claim to unpack to more than their bytes could say, are not
    there.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self.members: dict[str, zipfile.ZipInfo] = {}
        self.names: dict[str, str] = {}
        if file is None:
            return
        check_directory(file)
        try:
            self.archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
            raise Unreadable(_("The zip is damaged, or breaks off.")) from None
        for info in self.archive.infolist():
            if is_plain(info):
                self.members[info.filename] = info
                self._name(info.filename)

    def _name(self, path: str) -> None:
        """Let a member be found by the ends of its path: c, b/c and a/b/c."""
        steps = path.split("/")
        for start in range(min(len(steps), MAX_STEPS)):
            end = "/".join(steps[start:])
            self.names[end] = "" if end in self.names else path

    def open(self, name: str) -> IO[bytes]:
        """A member to read. Raises Unreadable."""
        try:
            return self.archive.open(self.members[name])
        except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
            raise Unreadable(_("The zip is damaged, or breaks off."), place=name) from None

    def read(self, name: str) -> bytes | None:
        """The picture that a file names; None where it is not here. Raises NotTaken for one that cannot be read."""
        info = self.members.get(name) or self.members.get(self.names.get(name, ""))
        if info is None:  # the file may name a folder that is not in the zip
            info = self.members.get(self.names.get(name.rpartition("/")[2], ""))
        if info is None:
            return None
        if info.file_size > MAX_BYTES:
            raise NotTaken("too_large", f"A picture in a zip has at most {MAX_BYTES // 1024 // 1024} MB.")
        try:
            with self.archive.open(info) as member:
                data = member.read(MAX_BYTES + 1)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
            raise NotTaken("broken_file", "The picture cannot be read from the zip.") from None
        if len(data) > MAX_BYTES:
            raise NotTaken("too_large", "The picture is larger than the zip says.")
        return data


def is_plain(info: zipfile.ZipInfo) -> bool:
    """Whether a member is a file of a name that stays inside, and as large as its bytes can say."""
    is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
    steps = info.filename.replace("\\", "/").split("/")
    is_bomb = info.file_size > FREE and info.file_size > MAX_RATIO * max(1, info.compress_size)
    is_locked = bool(info.flag_bits & 1)
    return not (info.is_dir() or is_link or ".." in steps or steps[0] == "" or is_bomb or is_locked)


def check_directory(file: IO[bytes]) -> None:
    """Whether the list of members is short enough to be read at all. Raises Unreadable.

    Python's reader takes in the whole list at once; its end says beforehand how long it is.
    """
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - END_SIZE - 65_535))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_SIZE:
        raise Unreadable(_("The zip is damaged, or breaks off."))
    count, length = struct.unpack("<HL", tail[at + 10 : at + 16])
    file.seek(0)
    if count == 0xFFFF or length > MAX_DIRECTORY:  # the first says that the zip is of a kind that has more
        sentence = _("A zip has at most 65,534 files here; divide it.")
        raise Unreadable(sentence, code="too_many_files")


def member_named(pictures: Pictures, ending: str) -> str:
    """The one member with this ending that is not among the pictures' own. Raises Unreadable for none or several."""
    found = sorted(
        name
        for name in pictures.members
        if name.lower().endswith(ending)
        and not name.rpartition("/")[2].startswith(".")
        and "__MACOSX" not in name
    )
    if len(found) == 1:
        return found[0]
    many, none = _("The zip has several %(ending)s files: keep one."), _("The zip has no %(ending)s file.")
    raise Unreadable((many if found else none) % {"ending": ending}, code="which_file")
