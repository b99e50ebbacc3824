"""What a person sees of a file before it is taken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import IO, Any

from django.utils.translation import gettext as _
from msgspec.structs import replace

from labeling.answers.taking import checked, newest_schema
from labeling.imports.models import Import
from labeling.imports.reading import Column, Options, Preview, Questions, Read, Unreadable, preview, reader_of
from labeling.imports.sources import files_of, format_of, opened, options_of, questions_of
from projects.schemas.models import LabelSchema
from projects.streams.lines import Rules
from projects.streams.rows import Bad, RowIn
from teams.access.problems import FieldError
from teams.identity.refused import Refused


@dataclass
class Seen:
    """The beginning of a file: as which format, its columns, its rows and what is wrong with them; or why not."""

    format: str
    questions: Questions
    columns: list[Column] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_files: int = 1
    problem: str = ""
    proposal: list[dict[str, Any]] = field(default_factory=list)

    @property
    def answered(self) -> Questions:
        """The questions that its labels answer: the project's, or those that it would ask."""
        return self.questions or self.proposal

    @property
    def n_bad(self) -> int:
        """How many of the rows would not be taken."""
        return sum(bool(row["errors"]) for row in self.rows)


def look(row: Import, format: str = "", options: Options | None = None) -> Seen:
    """Look at the beginning of the first file, as it would be read with these options."""
    seen = Seen(format, questions_of(row))
    try:
        files = files_of(row)
        seen.n_files = len(files)
        seen.format = format or format_of(row, files[0])
        with opened(row, files[0]) as file:
            how = replace(typed(row, options), filename=files[0]["name"])
            seen.proposal = proposal(seen, file, how)
            file.seek(0)
            found = preview(reader_of(seen.format), file, how, seen.answered)
    except (Refused, OSError) as reason:
        seen.problem = str(getattr(reason, "sentence", "") or "The store does not answer.")
        if isinstance(reason, Unreadable) and seen.format:
            seen.columns = columns_alone(row, seen)
        return seen
    seen.columns, seen.notes = list(found.columns), [str(note) for note in found.notes]
    seen.rows = shown(row, found, seen.proposal)
    return seen


def typed(row: Import, options: Options | None) -> Options:
    """Options with the types that the stream declares."""
    declared = options_of(row)
    return (
        declared
        if options is None
        else Options(
            columns=options.columns,
            types=options.types | declared.types,
            question=options.question,
            base_uri=options.base_uri,
            more=options.more,
        )
    )


def columns_alone(row: Import, seen: Seen) -> list[Column]:
    """The columns of a file whose rows cannot be read as somebody says, so that they can say otherwise."""
    reader = reader_of(seen.format)
    if reader.columns is None:
        return []
    try:
        with opened(row, files_of(row)[0]) as file:
            return list(reader.columns(file, Options(), seen.questions))
    except (Refused, OSError):
        return []


def proposal(seen: Seen, file: IO[bytes], options: Options) -> list[dict[str, Any]]:
    """The questions that a file would have asked, for a project that asks none yet."""
    propose = reader_of(seen.format).propose
    return propose(file, options) if propose and not seen.questions else []


def shown(row: Import, found: Preview, proposed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with what would become of them: what is wrong in itself, for the stream and for the questions."""
    rules, schema = Rules(row.stream), newest_schema(row.project)
    if schema is None and proposed:
        schema = LabelSchema(organization=row.organization, project=row.project, questions=proposed)
    return [line(read, errors_of(checked(schema, read.row), rules)) for read in found.rows]


def errors_of(row: RowIn | Bad, rules: Rules) -> list[FieldError]:
    """What is wrong with a row."""
    return row.errors if isinstance(row, Bad) else rules.errors(row)


def line(read: Read, errors: list[FieldError]) -> dict[str, Any]:
    """A row as the page shows it."""
    row = read.row
    said = {"place": read.place, "key": row.key, "errors": errors}
    if isinstance(row, Bad):
        return said
    return said | {
        "text": row.text,
        "media": (row.media.uri or _("in the file")) if row.media else "",
        "labels": [
            {
                "by": label.by,
                "answer": label.answer,
                "said": [(name, words(value)) for name, value in sorted(label.answer.items())],
            }
            for label in row.labels
        ],
        "split": row.split or "",
        "attributes": sorted(row.attributes.items()),
    }


def words(value: Any) -> Any:
    """A value as a person reads it: of marks how many of which label, of choices all."""
    if not isinstance(value, list):
        return value
    found = Counter(str(one.get("label")) if isinstance(one, dict) else str(one) for one in value)
    said = (f"{n} × {label}" if n > 1 else label for label, n in found.most_common())
    return ", ".join(said) or "∅"
