"""Migration operations: the database itself refuses a child in another organization's parent."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


def constraint_name(table: str, column: str) -> str:
    """The name of the composite key of a column; short enough for PostgreSQL's 63 bytes."""
    return f"{table}_{column}_same_org"[-63:]


class SameOrganization(Operation):
    """Composite foreign keys (organization_id, x_id) -> parent (organization_id, id) for some fields of a model.

    Deferred to the end of the transaction, like Django's own foreign keys. The parent gets the unique key
    that PostgreSQL asks for.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_name: str, *fields: str) -> None:
        self.model_name = model_name
        self.fields = fields

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """For the migration writer."""
        return (type(self).__name__, [self.model_name, *self.fields], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models do not change."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Add the parent's key, then the child's."""
        model = to_state.apps.get_model(app_label, self.model_name)
        for field in (model._meta.get_field(name) for name in self.fields):
            schema_editor.execute(parent_key_sql(field.related_model._meta.db_table))
            schema_editor.execute(child_key_sql(model, field))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the child's key; the parent's may serve others."""
        model = from_state.apps.get_model(app_label, self.model_name)
        for name in self.fields:
            column = model._meta.get_field(name).column
            table = model._meta.db_table
            schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{constraint_name(table, column)}"')

    def describe(self) -> str:
        """For the log of `migrate`."""
        return f"Keep {', '.join(self.fields)} of {self.model_name} in one organization"


def parent_key_sql(table: str) -> str:
    """UNIQUE (organization_id, id) on the parent, unless it is there."""
    name = f"{table}_org_id_key"
    return f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}') THEN
                ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (organization_id, id);
            END IF;
        END $$"""


def child_key_sql(model: type[models.Model], field: models.ForeignKey[Any, Any]) -> str:
    """The composite foreign key of one field."""
    table, column = model._meta.db_table, field.column
    parent = field.related_model._meta.db_table
    return f"""
        ALTER TABLE "{table}" ADD CONSTRAINT "{constraint_name(table, column)}"
        FOREIGN KEY (organization_id, "{column}") REFERENCES "{parent}" (organization_id, id)
        DEFERRABLE INITIALLY DEFERRED"""
