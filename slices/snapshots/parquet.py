"""Parquet: one file, or several where there is much; typed columns beside the JSON of attributes and answer."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from slices.snapshots.bench import Bench
from slices.snapshots.columns import schema_of, table_of
from slices.snapshots.files import Draft

VERSION = f"2 pyarrow {pa.__version__}"  # another release may lay the same rows out otherwise
ROWS_PER_FILE = 1_000_000
BYTES_PER_FILE = 256 * 1024 * 1024  # of lines and pictures, before they are packed
BYTES_PER_GROUP = 16 * 1024 * 1024
PICTURES = "media"


def write_parquet(bench: Bench) -> None:
    """All rows, one a member."""
    schema = schema_of(bench.fields)
    if bench.inline:
        schema = schema.append(pa.field(PICTURES, pa.binary()))
    series = Series(bench, schema)
    for lines, pictures in bench.lines_with_pictures():
        columns = table_of(lines, bench.fields)
        weight = sum(len(line.raw) for line in lines) + sum(map(len, pictures.values()))
        if bench.inline:
            columns.append(pa.array([pictures.get(line.row.media_uri) for line in lines], pa.binary()))
        series.add(pa.table(columns, schema=schema), weight)
    series.close(bench.stem)


class Series:
    """Files of one schema, one after the other: the next begins when one is full."""

    def __init__(self, bench: Bench, schema: pa.Schema) -> None:
        self.bench, self.schema = bench, schema
        self.most = int(bench.options.get("rows_per_file", ROWS_PER_FILE))
        self.full: list[tuple[Draft, int]] = []
        self.waiting: list[pa.Table] = []
        self.waiting_bytes = self.bytes = self.rows = 0
        self.begin()

    def begin(self) -> None:
        """The next file."""
        self.file = self.bench.draft()
        self.writer = pq.ParquetWriter(self.file, self.schema, compression="zstd")
        self.bytes = self.rows = 0

    def add(self, table: pa.Table, weight: int) -> None:
        """Some rows, whose lines had so many bytes."""
        self.waiting_bytes += weight
        self.bytes += weight
        while table.num_rows:
            if self.rows >= self.most or self.bytes - weight >= BYTES_PER_FILE:
                self.end()
                self.begin()
                self.bytes = weight
            part = table.slice(0, self.most - self.rows)
            self.waiting.append(part)
            self.rows += part.num_rows
            table = table.slice(part.num_rows)
        if self.waiting_bytes >= BYTES_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """What has gathered is a row group."""
        if self.waiting:
            self.writer.write_table(pa.concat_tables(self.waiting))
        self.waiting, self.waiting_bytes = [], 0

    def end(self) -> None:
        """This file is full."""
        self.flush()
        self.writer.close()
        self.full.append((self.file, self.rows))

    def close(self, stem: str, *, numbered: bool = False) -> int:
        """Name the files, now that it is known how many there are; the rows in them."""
        self.end()
        for number, (file, rows) in enumerate(self.full):
            of = f"-{number:05d}-of-{len(self.full):05d}" if numbered or len(self.full) > 1 else ""
            self.bench.finish(f"{stem}{of}.parquet", file, rows)
        return sum(rows for _file, rows in self.full)
