"""Rubbish to every operation of the API: a problem with its reason, never an error of ours, and nothing changed."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from tests.house.callers import fingerprint, machine_for
from tests.house.operations import Operation, operations
from tests.house.world import World
from tests.security.rubbish import BODIES, HEADERS, JSON, ODD, TEXTS, UNKNOWN, VALUES, some, with_value

pytestmark = pytest.mark.django_db
ALL = 10**6
# A few to each, others each time; all of it to each takes minutes.
FEW = [
    pytest.param(few, id=name, marks=marks)
    for name, few, marks in (("some", 1, ()), ("all", ALL, pytest.mark.slow))
]
OPERATIONS = operations()
WITH_JSON = [one for one in OPERATIONS if JSON in one.content]


class Told(NamedTuple):
    """An answer, read to its end."""

    status: int
    type: str
    body: bytes

    def is_problem(self) -> bool:
        """Whether it says what was wrong as RFC 9457 has it."""
        if not 400 <= self.status < 500 or self.type != "application/problem+json":
            return False
        said = json.loads(self.body)
        return said["status"] == self.status and bool(said["code"]) and bool(said["detail"])

    def is_refusal(self) -> bool:
        """Whether nothing was taken: a problem, or every row of a batch rejected with a pointer."""
        if self.status != 200:
            return self.is_problem()
        rows = json.loads(self.body).get("rows", [{"outcome": "?"}])
        return all(row["outcome"] == "rejected" and "pointer" in row["errors"][0] for row in rows)

    def is_answer(self) -> bool:
        """Whether it is one at all."""
        return 200 <= self.status < 400 or self.is_problem()


class Sender:
    """Sends to one operation as somebody who may; what it changed is taken back."""

    def __init__(self, world: World, operation: Operation) -> None:
        self.operation, self.world = operation, world
        self.client = machine_for(world, operation.route.verbs[operation.method])
        self.url = operation.route.url(world)

    def send(
        self, body: bytes = b"", kind: str = JSON, url: str = "", headers: dict[str, str] | None = None
    ) -> Told:
        """One request."""
        with transaction.atomic():
            answer: Any = self.client.generic(
                self.operation.method, url or self.url, body, content_type=kind, headers=headers or {}
            )
            content = answer.getvalue()
            transaction.set_rollback(True)
        return Told(answer.status_code, answer.headers.get("Content-Type", ""), content)

    def plain(self) -> bytes:
        """The body that it takes, if it takes one."""
        return (
            json.dumps(self.operation.route.body(self.world)).encode()
            if JSON in self.operation.content
            else b""
        )


@pytest.fixture
def world() -> World:
    return World("acme", "Alpha")


def changed(world: World, before: dict[str, str]) -> list[str]:
    """The tables that are not as they were."""
    now = fingerprint(world)
    return sorted(name for name in now if now[name] != before[name])


def told(answer: Told) -> tuple[int, bytes]:
    """As much of it as helps."""
    return answer.status, answer.body[:200]


@pytest.mark.parametrize("few", FEW)
def test_a_body_that_is_none_is_refused_everywhere(world: World, few: int) -> None:
    before, wrong, turn = fingerprint(world), {}, count()
    for operation in WITH_JSON:
        sender = Sender(world, operation)
        for name, (kind, body, headers) in some(BODIES, next(turn), 8 * few).items():
            if operation.takes(kind, body):
                continue
            answer = sender.send(body, kind, headers=headers)
            if not answer.is_refusal():
                wrong[str(operation), name] = told(answer)
    assert (wrong, changed(world, before)) == ({}, [])


@pytest.mark.parametrize("few", FEW)
def test_a_value_that_nobody_can_keep_is_refused_wherever_it_stands(world: World, few: int) -> None:
    before, wrong, turn = fingerprint(world), {}, count()
    for operation in WITH_JSON:
        sender, body = Sender(world, operation), operation.route.body(world)
        for field in operation.fields():
            for name, value in some(VALUES, next(turn), 2 * few).items():
                answer = sender.send(with_value(body, field.path, value))
                if not answer.is_refusal():
                    wrong[str(operation), field.path, name] = told(answer)
    assert (wrong, changed(world, before)) == ({}, [])


@pytest.mark.parametrize("few", FEW)
def test_an_odd_value_gets_an_answer_wherever_it_stands(world: World, few: int) -> None:
    wrong, turn = {}, count()
    for operation in WITH_JSON:
        sender, body = Sender(world, operation), operation.route.body(world)
        for field in operation.fields():
            for name, value in some(ODD[field.kind], next(turn), few).items():
                answer = sender.send(with_value(body, field.path, value))
                is_right = answer.is_refusal() if field.kind == "date-time" else answer.is_answer()
                if not is_right:
                    wrong[str(operation), field.path, name] = told(answer)
    assert wrong == {}


@pytest.mark.parametrize("few", FEW)
def test_rubbish_in_place_of_an_id_or_a_name_is_nothing_there(world: World, few: int) -> None:
    wrong, turn = {}, count()
    for operation in OPERATIONS:
        sender, path = Sender(world, operation), operation.route.url(world).partition("?")[0]
        for part in operation.route.ids:
            head, _own, tail = path.rpartition(f"/{operation.route.part(world, part)}")
            for name, text in some(TEXTS, next(turn), 2 * few).items():
                answer = sender.send(sender.plain(), url=f"{head}/{text}{tail}")
                if not answer.is_problem():
                    wrong[str(operation), part, name] = told(answer)
    assert wrong == {}


@pytest.mark.parametrize("few", FEW)
def test_rubbish_in_a_parameter_gets_an_answer(world: World, few: int) -> None:
    wrong, turn = {}, count()
    for operation in OPERATIONS:
        sender, path = Sender(world, operation), operation.route.url(world).partition("?")[0]
        for parameter in operation.parameters("query"):
            for name, text in some(TEXTS, next(turn), 4 * few).items():
                query = f"?{parameter}={text}"
                answer = sender.send(sender.plain(), url=path + query)
                if not answer.is_answer():
                    wrong[str(operation), parameter, name] = told(answer)
            answer = sender.send(sender.plain(), url=f"{path}?{parameter}=1&{parameter}=2")
            if not answer.is_answer():
                wrong[str(operation), parameter, "twice"] = told(answer)
    assert wrong == {}


@pytest.mark.parametrize("few", FEW)
def test_a_parameter_that_is_not_known_is_refused(world: World, few: int) -> None:
    before, wrong = fingerprint(world), {}
    for turn, operation in enumerate(OPERATIONS):
        sender, path = Sender(world, operation), operation.route.url(world).partition("?")[0]
        known = operation.parameters("query")
        for query in some(UNKNOWN, turn, few).values():
            answer = sender.send(sender.plain(), url=path + query)
            if not answer.is_problem() and query.strip("?").partition("=")[0] not in known:
                wrong[str(operation), query] = told(answer)
    assert (wrong, changed(world, before)) == ({}, [])


@pytest.mark.parametrize("few", FEW)
def test_rubbish_in_a_header_gets_an_answer(world: World, few: int) -> None:
    wrong, turn = {}, count()
    every = {(name, value): value for name, values in HEADERS.items() for value in values}
    for operation in OPERATIONS:
        sender, declared = Sender(world, operation), set(operation.parameters("header"))
        assert declared <= set(HEADERS), "a header without rubbish of its own"
        own = {pair: value for pair, value in every.items() if pair[0] in declared}
        for name, value in some(own, next(turn), 7 * few) | some(every, next(turn), 3 * few):
            answer = sender.send(sender.plain(), headers={name.lower(): value})
            if not answer.is_answer():
                wrong[str(operation), name, value[:30]] = told(answer)
    assert wrong == {}
