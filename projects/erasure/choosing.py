"""Which examples a request means: by key, by number, or all with some value of an attribute."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from projects.schemas.fields import NAME, field_specs
from projects.streams.models import Example, Project, Stream
from projects.streams.rows import MAX_KEY
from teams.access.problems import FieldError, Invalid
from teams.identity.refused import Refused

MOST = 10_000  # keys or numbers of one request
LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exactly one of the three. Keys need a stream; an attribute may be looked for on all streams of the project."""

    keys: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    attribute: str = ""
    value: str | float | bool | None = None

    @property
    def json(self) -> dict[str, Any]:
        """As it is kept until everything is marked."""
        return {name: value for name, value in asdict(self).items() if value not in ((), "", None)}


def wanted_from(said: dict[str, Any]) -> Wanted:
    """What `json` said."""
    keys, ids = tuple(said.get("keys", ())), tuple(said.get("ids", ()))
    return Wanted(keys, ids, said.get("attribute", ""), said.get("value"))


def check_wanted(wanted: Wanted, stream: Stream | None) -> None:
    """Whether this says clearly which examples. Raises Invalid with everything that is wrong."""
    errors = []
    if sum(map(bool, (wanted.keys, wanted.ids, wanted.attribute))) != 1:
        errors.append(FieldError("", "which", "Say which examples: either keys, or ids, or an attribute."))
    if max(len(wanted.keys), len(wanted.ids)) > MOST:
        errors.append(FieldError("", "too_many", f"One request names at most {MOST} examples."))
    if wanted.keys and stream is None:
        errors.append(FieldError("/stream", "required", "A key belongs to a stream: say which."))
    if not all(key.isprintable() and 0 < len(key) <= MAX_KEY for key in wanted.keys):
        errors.append(FieldError("/keys", "key_format", f"A key has 1 to {MAX_KEY} characters to read."))
    if any(not 0 < pk <= LAST_ID for pk in wanted.ids):
        errors.append(FieldError("/ids", "out_of_range", "A number of an example is above zero."))
    if wanted.attribute and not NAME.match(wanted.attribute):
        errors.append(FieldError("/attribute/name", "name", "No attribute can have this name."))
    if wanted.attribute and (wanted.value in (None, "") or not is_plain(wanted.value)):
        errors.append(FieldError("/attribute/value", "required", "Say which value the examples have."))
    if errors:
        raise Invalid(errors)


def chosen(project: Project, stream: Stream | None, wanted: Wanted) -> QuerySet[Example]:
    """The examples that are still here."""
    organization = project.organization
    rows = organization.examples.filter(stream__project=project)
    if wanted.keys:
        return rows.filter(stream=stream, key__in=wanted.keys)
    if wanted.ids:
        return rows.filter(**({"stream": stream} if stream else {}), pk__in=wanted.ids)
    having = Q(pk__in=[])
    for channel in [stream] if stream else project.streams.order_by("pk"):
        having |= Q(stream=channel) & has_value(channel, wanted)
    return rows.filter(having)


def has_value(stream: Stream, wanted: Wanted) -> Q:
    """Examples of a stream with this value: by its column if the attribute is promoted, else by the JSON.

    What was typed on a page is a text; an attribute may hold the same as a number.
    """
    spec = field_specs(stream.fields).get(wanted.attribute)
    same = list(readings(wanted.value))
    if spec is not None and spec.column:
        of_column = [value for value in same if is_number(value) == (spec.type == "number")]
        return Q(**{f"{spec.column}__in": of_column})
    found = Q(pk__in=[])
    for value in same:
        found |= Q(attributes__contains={wanted.attribute: value})
    return found


def is_plain(value: Any) -> bool:
    """Something that an attribute can hold: no NUL, no half of a character, no number without an end."""
    if isinstance(value, str):
        return "\x00" not in value and value == value.encode(errors="replace").decode()
    return math.isfinite(value)


def is_number(value: Any) -> bool:
    """A number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def readings(value: Any) -> Iterator[Any]:
    """The value as it was given, and as the number that it spells."""
    yield value
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return
        if abs(number) < 1e300:
            yield int(number) if number.is_integer() and abs(number) < 2**53 else number


def check_found(n: int) -> None:
    """An erasure of nothing would only look like one."""
    if not n:
        raise Refused(_("None of these examples is here."), "nothing_found", 422)
