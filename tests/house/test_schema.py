"""The OpenAPI document is whole and true: every operation is in it, and answers as it says, whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.house.callers import machine_for
from tests.house.operations import document, part_name, template_of
from tests.house.routes import API, Route
from tests.house.world import World

CASES = 15  # of each operation; the seed is fixed
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLES = "/api/v1/projects/p/streams/s/examples"


# What takes its own snapshot of the database cannot run inside a test's transaction.
OPERATIONS = [
    pytest.param(
        route,
        method,
        id=f"{method} {route.name}",
        marks=pytest.mark.django_db(transaction=route.name == "api-freeze"),
    )
    for route in API
    for method in route.verbs
]


def test_it_is_valid_and_made_without_a_warning() -> None:
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        validate_schema(document())
        assert (dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache)) == ({}, {})


def test_every_operation_is_in_it_and_may_answer_with_a_problem() -> None:
    paths = document()["paths"]
    declared = {
        (path, method.upper()) for path, methods in paths.items() for method in methods if method in METHODS
    }
    assert {method for _path, method in declared} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert len(declared) == len(OPERATIONS)
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert {"default" in operation["responses"] for operation in operations} == {True}
    assert [operation["security"] for operation in operations] == [[{"token": []}]] * len(operations)
    names = [operation["operationId"] for operation in operations]
    assert sorted(set(names)) == sorted(names)


@pytest.fixture
def world() -> World:
    return World("acme", "Alpha")


@pytest.mark.parametrize(("route", "method"), OPERATIONS)
def test_whatever_is_sent_the_answer_is_a_declared_one(route: Route, method: str, world: World) -> None:
    operation = schemathesis.openapi.from_dict(document())[template_of(route)][method.lower()]
    script = machine_for(world, route.verbs[method])
    known = {part_name(part): route.part(world, part) for part in route.ids}

    @settings(
        max_examples=CASES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), is_known=st.booleans())
    def send(case: Any, is_known: bool) -> None:
        if is_known:
            case.path_parameters.update(known)
        case.validate_response(answer_to(case, script), checks=CHECKS)

    send()


def answer_to(case: Any, script: Client) -> Response:
    """Send a case through Django's own client, within the test's transaction."""
    sent = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    content_type = sent.headers.get("Content-Type", "application/json")
    got = script.generic(sent.method or "", sent.path_url, sent.body or b"", content_type=content_type)
    content = b"".join(got.streaming_content) if got.streaming else got.content
    headers = {name: [value] for name, value in got.headers.items()}
    return Response(got.status_code, headers, content, request=sent, elapsed=0, verify=True)
