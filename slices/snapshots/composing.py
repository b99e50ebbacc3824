"""The statement that reads the members of a slice, in order of example, and puts their lines together.

What was said of the members, by people and by models, can be looked up member by member, or read as a whole beside
them: the one is right for a few members of a large stream, the other three times as fast for most of it. PostgreSQL
itself is asked which of the two it expects to be cheaper; both find the same lines, to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from slices.definitions.members import Values, divided, labels
from slices.definitions.models import SliceVersion

WHAT = ("pk", "rev", "split", "attributes", "captured_at", "key", "media_type", "media_uri", "text")
ANSWER = ("example_id", "pk", "schema_id", "label", "answer")

# Three columns: the line of the manifest, the line, the schema that was answered. JSON holds no control characters,
# so these quotes and delimiters never need escaping and the bytes come as they are. Members and what they hold are
# read in one go: the query of the members stays whole, for it is ordered, and nothing is joined to it by number again.
# `concat` writes every value once; a chain of || would copy what it has so far at each link.
LINES = """
SELECT
    concat(member.pk, ',', member.rev, ',', annotation.id, ',', member.split),
    concat(
        '{"example_id":', member.pk, ',"split":"', member.split,
        '","annotation_id":', coalesce(annotation.id::text, 'null'),
        ',"answer":', coalesce(annotation.answer, 'null'),
        ',"attributes":', member.attributes,
        ',"captured_at":', to_json(member.captured_at),
        ',"key":', to_json(member.key),
        ',"label":', coalesce(to_json(annotation.label), 'null'),
        ',"media_type":', to_json(member.media_type),
        ',"media_uri":', to_json(member.media_uri),
        ',"predictions":[', said.predictions,
        '],"text":', to_json(member.text), '}'
    ),
    coalesce(annotation.schema_id::text, 'null')
FROM ({MEMBERS}) member
{SAID}
ORDER BY member.pk
"""
# As JSONB would be written, which earlier snapshots were made with; the models' part is put together once for each.
PREDICTIONS = """
SELECT prediction.example_id, string_agg(
    concat(
        '{"label": ', to_json(prediction.label), model.said,
        ', "confidence": ', coalesce(to_jsonb(prediction.confidence), 'null'), '}'
    ), ', ' ORDER BY model.name, model.version
) AS predictions
FROM projects_prediction prediction
JOIN (
    SELECT id, name, version, concat(', "model": ', to_json(name), ', "version": ', to_json(version)) AS said
    FROM projects_modelversion WHERE organization_id = %s
    OFFSET 0
) model ON model.id = prediction.model_version_id
WHERE prediction.organization_id = %s
GROUP BY prediction.example_id
"""
# OFFSET 0 keeps the comparison inside, where an index serves it.
TOGETHER = """
LEFT JOIN ({ANSWERS}) annotation (example_id, id, schema_id, label, answer) ON annotation.example_id = member.pk
LEFT JOIN ({PREDICTIONS}) said ON said.example_id = member.pk
"""
ONE_BY_ONE = """
LEFT JOIN LATERAL (
    SELECT * FROM ({ANSWERS}) answer (example_id, id, schema_id, label, answer)
    WHERE answer.example_id = member.pk OFFSET 0
) annotation ON true
LEFT JOIN LATERAL (
    SELECT * FROM ({PREDICTIONS}) prediction WHERE prediction.example_id = member.pk OFFSET 0
) said ON true
"""
WAYS = (TOGETHER, ONE_BY_ONE)


class Statement(NamedTuple):
    """SQL and its values."""

    sql: str
    values: list[Any]


def statement(version: SliceVersion, as_of: datetime, values: Values) -> Statement:
    """The cheaper one. Raises EmptyResultSet where nobody can be in the slice."""
    return min(statements(version, as_of, values), key=expected_cost)


def statements(version: SliceVersion, as_of: datetime, values: Values) -> Iterator[Statement]:
    """The ways to read the same lines."""
    found = divided(version, as_of, values).order_by("pk").values_list(*WHAT)
    newest = labels(version, as_of).order_by("example_id", "-accepted_at", "-pk").distinct("example_id")
    members, given = found.query.sql_with_params()
    answers, asked = newest.values_list(*ANSWER).query.sql_with_params()
    for way in WAYS:
        sql = LINES.replace("{SAID}", way).replace("{PREDICTIONS}", PREDICTIONS)
        sql = sql.replace("{ANSWERS}", answers).replace("{MEMBERS}", members)
        yield Statement(sql, [*given, *asked, *[version.organization_id] * 2])


def expected_cost(asked: Statement) -> float:
    """What the planner expects of a statement, in its own unit."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {asked.sql}", asked.values)
        (plans,) = cursor.fetchone() or ("[]",)
    plans = json.loads(plans) if isinstance(plans, str) else plans
    return float(plans[0]["Plan"]["Total Cost"])
