"""Every tenant row carries its organization, and the database keeps children with their parents."""

from __future__ import annotations

from itertools import chain

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from teams.identity.models import OrganizationModel
from teams.identity.operations import constraint_name
from tests.factories import ExampleFactory, OrganizationFactory, ProjectFactory, StreamFactory

OURS = ("teams", "projects", "labeling", "slices")

# Models that are nobody's, each with the reason.
NOT_TENANT = {
    "teams.User": "one person may belong to several organizations",
    "teams.Organization": "the tenant itself",
    "teams.Beat": "signs of life of the installation's processes",
    "projects.ProjectUserObjectPermission": "guardian's row; it hangs on the project and goes with it",
    "projects.ProjectGroupObjectPermission": "guardian's row; it hangs on the project and goes with it",
}


def our_models() -> list[type[models.Model]]:
    return list(chain.from_iterable(apps.get_app_config(app).get_models() for app in OURS))


def tenant_models() -> list[type[OrganizationModel]]:
    return [model for model in our_models() if issubclass(model, OrganizationModel)]


def parents_of(model: type[models.Model]) -> list[models.ForeignKey]:
    """The keys from one tenant row to another."""
    fields = [field for field in model._meta.local_fields if isinstance(field, models.ForeignKey)]
    return [
        field
        for field in fields
        if field.name != "organization" and issubclass(field.related_model, OrganizationModel)
    ]


def test_every_model_is_a_tenants_or_on_the_list_with_a_reason() -> None:
    others = {model._meta.label for model in our_models() if not issubclass(model, OrganizationModel)}
    assert others == set(NOT_TENANT)


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_the_organization_is_required(model: type[OrganizationModel]) -> None:
    field = model._meta.get_field("organization")
    assert (field.null, field.related_model._meta.label) == (False, "teams.Organization")


@pytest.mark.django_db
def test_every_key_between_tenant_rows_has_its_composite_key() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND condeferrable")
        there = {name for (name,) in cursor.fetchall()}
    wanted = {
        constraint_name(model._meta.db_table, field.column): f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in parents_of(model)
    }
    assert {what for name, what in wanted.items() if name not in there} == set()


@pytest.mark.django_db
def test_the_database_refuses_a_child_in_another_organizations_parent() -> None:
    stream, stranger = StreamFactory(), OrganizationFactory()
    for make in (
        lambda: StreamFactory(organization=stranger, project=ProjectFactory()),
        lambda: ExampleFactory(organization=stranger, stream=stream),
    ):
        with pytest.raises(IntegrityError, match="same_org"), transaction.atomic():
            make()
            connection.check_constraints()
