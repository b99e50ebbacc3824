"""Which of many: without near-doubles, and no more than are wanted. The same ones every time that one looks.

What data that arrive may change: with hash_percent no member ever leaves, and a larger percentage only adds; with
cap_per a newcomer takes the place of one member of its own stratum at most; balance is cap_per with as many of each
as there are of the rarest; newest rolls on, as it is meant to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, Count, F, Func, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.expressions import Combinable
from django.db.models.functions import Least, RowNumber
from django.db.models.lookups import LessThan
from django.utils.translation import gettext as _

from labeling.answers.models import Annotation
from projects.conditions.compiling import SAMPLE_BUCKETS, SampleBucket
from projects.conditions.fields import Fields, fields_of
from projects.streams.models import Example, Stream
from slices.definitions.wrong import Wrong

KINDS = ("hash_percent", "cap_per", "balance", "newest")
KEEP = ("earliest", "latest")
SALT = "slice"  # slices with one salt draw the same examples: a larger one holds a smaller one
MOST = 10_000_000
MOST_FIELDS = 4
ANSWER = "label"  # by label is by the answer that the slice takes, as of the moment

Rows = QuerySet[Any]
Rule = Mapping[str, Any]


def checked_sample(sample: Any, stream: Stream) -> dict[str, Any] | None:
    """A way of drawing in its one form; None takes all. Raises Wrong at the part that makes no sense."""
    if sample is None:
        return None
    if not isinstance(sample, Mapping) or sample.get("kind") not in KINDS:
        sentence = _("A sample is hash_percent, cap_per, balance or newest.")
        raise Wrong("sample/kind", sentence, "bad_sample")
    made = {"kind": sample["kind"], **CHECKS[sample["kind"]](sample, stream)}
    unknown = sorted(set(sample) - set(made) - {"order", "max"})
    if unknown:
        name = str(unknown[0])[:40]
        sentence = _("A sample of this kind has no “%(name)s”.") % {"name": name}
        raise Wrong(f"sample/{name}", sentence, "bad_sample")
    return made


def checked_percent(sample: Rule, stream: Stream) -> dict[str, Any]:
    """A share of the whole."""
    percent = sample.get("percent")
    if not isinstance(percent, int | float) or isinstance(percent, bool) or not 0.01 <= percent <= 100:
        raise Wrong("sample/percent", _("A percentage from 0.01 to 100."), "bad_sample")
    return {"percent": int(percent) if percent == int(percent) else float(percent), **salt_of(sample)}


def checked_cap(sample: Rule, stream: Stream) -> dict[str, Any]:
    """So many of each."""
    return {"by": checked_by(sample, stream), "max": checked_n(sample, "max"), **salt_of(sample)}


def checked_balance(sample: Rule, stream: Stream) -> dict[str, Any]:
    """As many of each as of the rarest, and perhaps no more than a target."""
    most = {} if sample.get("max") is None else {"max": checked_n(sample, "max")}
    return {"by": checked_by(sample, stream), **most, **salt_of(sample)}


def checked_newest(sample: Rule, stream: Stream) -> dict[str, Any]:
    """The last ones by the time at which they happened."""
    return {"n": checked_n(sample, "n")}


CHECKS: dict[str, Callable[[Rule, Stream], dict[str, Any]]] = {
    "hash_percent": checked_percent,
    "cap_per": checked_cap,
    "balance": checked_balance,
    "newest": checked_newest,
}


def checked_n(sample: Rule, name: str) -> int:
    """A number of examples."""
    n = sample.get(name)
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= MOST:
        raise Wrong(f"sample/{name}", _("A whole number from 1 on."), "bad_sample")
    return n


def checked_by(sample: Rule, stream: Stream) -> list[str]:
    """The fields that strata are made of, each once, in order of name."""
    names = sample.get("by")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_FIELDS:
        sentence = _("One to %(most)s fields, for example label.") % {"most": MOST_FIELDS}
        raise Wrong("sample/by", sentence, "bad_sample")
    fields = fields_of(stream)
    for name in names:
        check_field(name, fields, "sample/by")
    return sorted(set(names))


def checked_dedupe(dedupe: Any, stream: Stream) -> dict[str, str] | None:
    """Which of those with one value is kept, in its one form; None keeps all. Raises Wrong."""
    if dedupe is None:
        return None
    if not isinstance(dedupe, Mapping) or set(dedupe) - {"by", "keep"}:
        sentence = _("Without doubles: by a field, keeping the earliest or the latest.")
        raise Wrong("dedupe", sentence, "bad_dedupe")
    check_field(dedupe.get("by"), fields_of(stream), "dedupe/by")
    keep = dedupe.get("keep", "earliest")
    if keep not in KEEP:
        raise Wrong("dedupe/keep", _("Keep the earliest or the latest."), "bad_dedupe")
    return {"by": dedupe["by"], "keep": keep}


def check_field(name: Any, fields: Fields, part: str) -> None:
    """A field of the stream that has one value, and that everybody may see."""
    field = fields.get(name) if isinstance(name, str) else None
    if field is None or field.type == "string[]" or field.verb:
        sentence = _("The stream has no field “%(name)s” of one value.") % {"name": str(name)[:60]}
        raise Wrong(part, sentence, "unknown_field")


def salt_of(sample: Rule) -> dict[str, str]:
    """What makes one draw another than the next."""
    salt = sample.get("salt", SALT)
    if not isinstance(salt, str) or not 0 < len(salt) <= 80 or not salt.isprintable():
        raise Wrong("sample/salt", _("A text of at most 80 characters."), "bad_sample")
    return {"salt": salt}


@cache
def spread(salt: str) -> Func:
    """An order of examples that has nothing to do with what they hold, and never changes."""
    return Func(
        Value(f"{salt}\x1f"),
        F("key"),
        arg_joiner=" || ",
        template="('x' || substr(encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex'), 1, 16))::bit(64)::bigint",
        output_field=BigIntegerField(),
    )


def without_doubles(rows: Rows, dedupe: Rule | None, stream: Stream) -> Rows:
    """Of those with one value of a field one is kept; those that have none are all kept."""
    if dedupe is None:
        return rows
    value = fields_of(stream)[dedupe["by"]].expression
    order = ["captured_at", "pk"] if dedupe["keep"] == "earliest" else ["-captured_at", "-pk"]
    place = Window(RowNumber(), partition_by=[F("double")], order_by=order)
    kept = rows.annotate(double=value, place=place).filter(Q(double=None) | Q(place=1))
    return among(stream, kept)


def drawn(rows: Rows, sample: Rule | None, stream: Stream, answers: QuerySet[Annotation]) -> Rows:
    """Those that the sample takes. `answers`: where the slice takes its labels from."""
    if sample is None:
        return rows
    match sample["kind"]:
        case "hash_percent":
            return rows.filter(in_percent(sample))
        case "newest":
            return among(stream, rows.order_by("-captured_at", "-pk"), sample["n"])
    strata = {f"stratum_{n}": value for n, value in enumerate(strata_of(sample, stream, answers))}
    marked = rows.annotate(**strata)
    most: Any = Value(sample["max"]) if "max" in sample else None
    if sample["kind"] == "balance":
        sizes = marked.order_by().values(*strata).annotate(size=Count("pk")).order_by("size")
        rarest = Subquery(sizes.values("size")[:1])
        most = rarest if most is None else Least(rarest, most)
    by = [F(name) for name in strata]
    place = Window(RowNumber(), partition_by=by, order_by=[spread(sample["salt"]).asc(), F("pk").asc()])
    return among(stream, marked.annotate(place=place).filter(place__lte=most))


def in_percent(sample: Rule) -> Q:
    """Whether an example is of the share: as `sample(10%, 'salt')` in a condition."""
    bucket = SampleBucket(sample["salt"])
    share = round(sample["percent"] * SAMPLE_BUCKETS / 100)
    return Q(LessThan(bucket, share))


def strata_of(sample: Rule, stream: Stream, answers: QuerySet[Annotation]) -> list[Combinable]:
    """What tells strata apart; those without a value are a stratum of their own."""
    newest = answers.filter(example=OuterRef("pk")).order_by("-accepted_at", "-pk")
    fields = fields_of(stream)
    return [
        Subquery(newest.values("label")[:1]) if name == ANSWER else fields[name].expression
        for name in sample["by"]
    ]


def among(stream: Stream, rows: Rows, most: int | None = None) -> QuerySet[Example]:
    """The same examples, without what was reckoned to find them."""
    kept = rows.values("pk")
    kept = kept.order_by() if most is None else kept[:most]
    return stream.organization.examples.filter(stream=stream, pk__in=kept)
