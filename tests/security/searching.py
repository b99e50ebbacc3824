"""Looking for a word everywhere: in every row of every table, and in every file of the storage, unpacked."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from django.db import connection

TEXTS = """
SELECT c.table_name, c.column_name, c.udt_name FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
ORDER BY c.table_name, c.ordinal_position
"""


def in_tables(word: str) -> set[str]:
    """The columns, "table.column", where it stands in a row: by the catalogue, so that none is forgotten.

    Whatever its type, a column is read as PostgreSQL prints it; bytes are printed as hexadecimal digits.
    """
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(TEXTS)
        for table, column, kind in cursor.fetchall():
            wanted = word.encode().hex() if kind == "bytea" else word
            cursor.execute(
                f'SELECT EXISTS (SELECT FROM "{table}" WHERE strpos("{column}"::text, %s) > 0)', [wanted]
            )
            if cursor.fetchone() == (True,):
                found.add(f"{table}.{column}")
    return found


def in_files(word: str, root: Path) -> set[str]:
    """The kinds of files, "folder: packing", where it stands; in their names too."""
    found = set()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            folder = next((part for part in path.relative_to(root).parts if not part.isdigit()), "")
            if word in path.name:
                found.add(f"{folder}: name")
            found |= {f"{folder}: {how}" for how, data in unpacked(path) if word.encode() in data}
    return found


def unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file holds, as it lies and out of whatever packs it."""
    data = path.read_bytes()
    yield "as it lies", data
    match data[:4]:
        case b"PAR1":
            yield "parquet", str(pq.read_table(io.BytesIO(data)).to_pylist()).encode()
        case b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    yield "zip", name.encode() + archive.read(name)
        case _ if data[:2] == b"\x1f\x8b":
            yield "gzip", gzip.decompress(data)
