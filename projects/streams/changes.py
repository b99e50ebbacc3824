"""What the database itself notes of every change to an example: nobody who writes one can forget to say so.

Live counts are moved by these notes (slices/definitions). An arrival is noted by id, many of them in one row; a
change or a removal with what conditions could read of the example before. An example's notes have rising ids: whoever
changes it next waits for the lock on its row first.
"""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from teams.identity.models import Organization, OrganizationModel

# The columns that conditions and windows read; a change of anything else moves nobody.
READ = (
    "key",
    "captured_at",
    "ingested_at",
    "media_type",
    "bucket",
    "split_key",
    "label",
    "label_state",
    "labeled_at",
    "predicted",
    "confidence",
    "attributes",
)


def image(row: str) -> str:
    """The columns of a row as one JSON object, in SQL."""
    members = ", ".join(f"'{name}', {row}.{name}" for name in READ)
    return f"jsonb_build_object({members})"


def columns(row: str) -> str:
    """The columns of a row as one SQL row."""
    return f"({', '.join(f'{row}.{name}' for name in READ)})"


ARRIVED = """
INSERT INTO projects_examplechange (organization_id, stream_id, arrived)
SELECT organization_id, stream_id, array_agg(id) FROM arrived GROUP BY organization_id, stream_id;
RETURN NULL;
"""
CHANGED = f"""
INSERT INTO projects_examplechange (organization_id, stream_id, example_id, was)
SELECT before.organization_id, before.stream_id, before.id, {image("before")}
FROM before JOIN after ON after.id = before.id
WHERE {columns("before")} IS DISTINCT FROM {columns("after")};
RETURN NULL;
"""  # noqa: S608  (names of our own columns)
GONE = f"""
INSERT INTO projects_examplechange (organization_id, stream_id, example_id, was)
SELECT organization_id, stream_id, id, {image("gone")} FROM gone;
RETURN NULL;
"""  # noqa: S608


def note(name: str, operation: pgtrigger.Operation, func: str, **tables: str) -> pgtrigger.Trigger:
    """A trigger that runs once a statement, over all the rows that it touched."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**tables),
        func=func,
    )


NOTES = [
    note("example_arrived", pgtrigger.Insert, ARRIVED, new="arrived"),
    note("example_changed", pgtrigger.Update, CHANGED, old="before", new="after"),
    note("example_gone", pgtrigger.Delete, GONE, old="gone"),
]


class ExampleChange(OrganizationModel):
    """A note that nobody has counted yet: `arrived`, ids of new examples; or `example_id` and what it `was`.

    It has no keys into other tables: an example that goes with its stream or its organization is noted too.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.DO_NOTHING,
        related_name="example_changes",
        db_index=False,
        db_constraint=False,
        editable=False,
    )
    stream_id = models.BigIntegerField()
    arrived = ArrayField(models.BigIntegerField(), null=True)
    example_id = models.BigIntegerField(null=True)
    was = models.JSONField(null=True)

    class Meta:
        verbose_name = "change of an example"
        verbose_name_plural = "changes of examples"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(arrived__isnull=False, example_id=None, was=None)
                | models.Q(arrived=None, example_id__isnull=False, was__isnull=False),
                name="example_change_is_of_one_kind",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "stream_id", "id"], name="example_change_next"),
            models.Index(
                fields=["example_id"], condition=models.Q(arrived=None), name="example_change_of_example"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id}: {self.example_id or len(self.arrived or [])}"
