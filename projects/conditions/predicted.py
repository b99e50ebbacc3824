"""Fields that look at what models said: of one model by name, or how torn the newest one was."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F, FloatField, Func, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from projects.conditions.fields import Field
from projects.streams.models import Prediction, Stream

STARTS = ("pred.",)

# The shares of {label: share} in an output, largest first; none where they are not all numbers from 0 to 1.
SHARES = """
SELECT array_agg(share ORDER BY share DESC) AS shares FROM (
    SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN round(value::numeric, 12) END AS share
    FROM (SELECT %(expressions)s AS given) AS output,
        jsonb_each(CASE WHEN jsonb_typeof(given) = 'object' THEN given ELSE '{}' END)
) AS each_share
HAVING bool_and(coalesce(share BETWEEN 0 AND 1, false))
"""
MARGIN = f"(SELECT shares[1] - shares[2] FROM ({SHARES}) AS torn)"  # noqa: S608 - written out above
ENTROPY = f"""(
    SELECT (SELECT sum(CASE WHEN share > 0 THEN -share * ln(share) ELSE 0 END) FROM unnest(shares) AS share)
    FROM ({SHARES}) AS torn
)"""  # noqa: S608 - written out above


class Torn(Func):
    """A number made of the shares in a prediction's output; NULL where it carries none."""

    output_field = FloatField()


def predicted(stream: Stream) -> Mapping[str, Field]:
    """`pred.<model>.label` and `.conf` of every model of the project, `pred.margin` and `pred.entropy`."""
    newest = said(stream)
    fields = {
        "pred.margin": torn(
            "pred.margin", newest, MARGIN, "By how much the newest model's first choice leads"
        ),
        "pred.entropy": torn("pred.entropy", newest, ENTROPY, "How torn the newest model was, in nats"),
    }
    for name in models_of(stream):
        fields |= of_model(name, newest.filter(model_version__name=name))
    return fields


def models_of(stream: Stream) -> list[str]:
    """The names of the project's models."""
    known = stream.organization.model_versions.filter(project=stream.project_id).order_by("name")
    return list(known.values_list("name", flat=True).distinct())


def said(stream: Stream) -> QuerySet[Prediction]:
    """The predictions of the example outside, newest first."""
    return stream.organization.predictions.filter(example=OuterRef("pk")).order_by("-at", "-pk")


def torn(name: str, newest: QuerySet[Prediction], template: str, title: str) -> Field:
    """A field over the shares that the newest prediction carries."""
    number = Cast(Torn(F("output__scores"), template=template), FloatField())
    return Field(name, "number", Subquery(newest.values(torn=number)[:1]), title=title, is_local=False)


def of_model(name: str, newest: QuerySet[Prediction]) -> dict[str, Field]:
    """What one model said last, and how sure it was."""
    label = Field(
        f"pred.{name}.label",
        "string",
        Subquery(newest.values("label")[:1]),
        title=f"What {name} said last",
        is_local=False,
    )
    confidence = Field(
        f"pred.{name}.conf",
        "number",
        Subquery(newest.values("confidence")[:1]),
        title=f"How sure {name} was",
        is_local=False,
    )
    return {field.name: field for field in (label, confidence)}
