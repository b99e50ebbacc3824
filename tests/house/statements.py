"""What a statement touches, and by what: whether each tenant table in it is held to its organization.

A row of a tenant table is reached rightly by its organization, by a key from a row that was, or by a key that
did not come from the request. A key that did (a number of the address, the query, the body) is right only beside
the organization, in the same statement or in one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import sqlglot
from django.apps import apps
from django.db import models
from sqlglot import exp

from teams.identity.models import Organization, OrganizationModel

PARAMETER = re.compile(r"%\((\w+)\)s|%s|%%")
ABOUT_ROWS = re.compile(r"\s*\(?(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
SCOPES = (exp.Select, exp.Update, exp.Delete)
OF_A_TABLE = (exp.Table, exp.Subquery)
WRAPPING = (exp.Cast, exp.Paren, exp.Any, exp.Array)


class Keys(NamedTuple):
    """The columns of a table that lead to rows: its own key, and {column: table} of the keys of others."""

    own: str
    others: dict[str, str]
    is_tenants: bool


@cache
def tables() -> dict[str, Keys]:
    """Every table of a tenant, and the organizations' own."""
    found = {}
    for model in apps.get_models():
        if issubclass(model, OrganizationModel) or model is Organization:
            found[model._meta.db_table] = Keys(
                model._meta.pk.column, keys_of(model), model is not Organization
            )
    return found


def keys_of(model: type[models.Model]) -> dict[str, str]:
    """{column: table} of its keys to rows of a tenant; not to people, who belong to many."""
    keys = {}
    for one in model._meta.concrete_fields:
        other = one.related_model
        if isinstance(other, type) and (issubclass(other, OrganizationModel) or other is Organization):
            keys[one.column] = other._meta.db_table
    return keys


@dataclass(eq=False)
class Source:
    """Something rows come from in a statement: a table, or what a part of the statement made (`parts`)."""

    table: str = ""
    parts: list[Source] = field(default_factory=list)
    by: dict[str, list[str]] = field(default_factory=dict)  # {column: names of the values it must equal}
    links: list[Source] = field(default_factory=list)

    @property
    def keys(self) -> Keys | None:
        return tables().get(self.table)


@dataclass
class Statement:
    """The sources of one statement."""

    sources: list[Source]

    def wrong(self, values: Mapping[str, Any], asked: set[int], vouched: set[tuple[str, int]]) -> list[str]:
        """The tenants' tables that it does not hold to an organization, each with what it goes by.

        A key that it asks for of a table that is held by something else is added to `vouched`: whoever goes by
        it afterwards goes by what was checked.
        """
        held = {id(source) for source in self.sources if holds(source, values, asked, vouched)}
        while more := {id(one) for one in self.sources if id(one) not in held and leans(one, held)}:
            held |= more
        tenants = [one for one in self.sources if one.keys and one.keys.is_tenants]
        vouched |= {key for one in tenants if id(one) in held for key in keys_asked(one, values)}
        loose = [one for one in tenants if id(one) not in held]
        return sorted({f"{one.table} by {', '.join(sorted(one.by)) or 'nothing'}" for one in loose})


def leans(source: Source, held: set[int]) -> bool:
    """Whether it is tied by a key to something that is held."""
    return any(id(one) in held for one in [*source.links, *source.parts])


def holds(source: Source, values: Mapping[str, Any], asked: set[int], vouched: set[tuple[str, int]]) -> bool:
    """Whether its own conditions hold it: the organization, or a key that nobody brought along unchecked."""
    keys = source.keys
    if keys is None:
        return False
    if not keys.is_tenants:
        return bool(source.by)
    if "organization_id" in source.by:
        return True
    return any(
        all(n not in asked or (table, n) in vouched for n in numbers(names, values))
        for column, names in source.by.items()
        for table in led_to(source, column)
    )


def led_to(source: Source, column: str) -> list[str]:
    """The tables whose rows this column leads to: its own, another's, or both where a key is shared."""
    if source.keys is None:
        return []
    others = source.keys.others.get(column)
    return [source.table] * (column == source.keys.own) + [others] * (others is not None)


def keys_asked(source: Source, values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """(table, key) of everything that this source is asked for by key."""
    for column, names in source.by.items():
        for table in led_to(source, column):
            yield from ((table, number) for number in numbers(names, values))


def numbers(names: Sequence[str], values: Mapping[str, Any]) -> Iterator[int]:
    """The whole numbers among the values of these names, and in their lists."""
    for name in names:
        value = values.get(name)
        for one in value if isinstance(value, list | tuple | set) else [value]:
            if isinstance(one, int) and not isinstance(one, bool):
                yield one


def named(sql: str, params: Any) -> tuple[str, dict[str, Any]]:
    """A statement with names for its parameters, and their values by name."""
    values: dict[str, Any] = dict(params) if isinstance(params, Mapping) else {}
    rest = iter([] if isinstance(params, Mapping) else params or ())

    def name(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1]:
            return f":{found[1]}"
        values[key := f"p{len(values)}"] = next(rest)
        return f":{key}"

    return PARAMETER.sub(name, sql) if params else sql, values


@cache
def read(sql: str) -> Statement:
    """The sources of a statement and what ties them; none of one about no rows. Raises sqlglot.ParseError."""
    if not ABOUT_ROWS.match(sql):
        return Statement([])
    tree = sqlglot.parse_one(sql, dialect="postgres")
    return Reader(tree).statement()


class Reader:
    """Finds the sources of one tree, then its equalities."""

    def __init__(self, tree: exp.Expression) -> None:
        self.tree = tree
        self.named: dict[int, dict[str, Source]] = {}  # {scope: {alias: source}}
        self.made: dict[str, list[Source]] = {}  # {name of a WITH part: its sources}

    def statement(self) -> Statement:
        """Read it."""
        scopes = list(self.tree.find_all(*SCOPES))
        for scope in scopes:
            self.named[id(scope)] = dict(self.sources_of(scope))
        for part in self.tree.find_all(exp.CTE):
            self.made[part.alias] = self.sources_within(part)
        for scope in scopes:
            for one in self.named[id(scope)].values():
                one.parts += self.made.get(one.table, [])
        for equality in self.tree.find_all(exp.EQ, exp.In):
            self.tie(equality)
        return Statement([one for scope in scopes for one in self.named[id(scope)].values()])

    def sources_of(self, scope: exp.Expression) -> Iterator[tuple[str, Source]]:
        """(alias, source) of each table that a part of the statement names itself."""
        for node in scope.find_all(*OF_A_TABLE):
            if node.find_ancestor(*SCOPES) is scope and isinstance(
                node.parent, exp.From | exp.Join | type(scope)
            ):
                is_table = isinstance(node, exp.Table)
                yield node.alias_or_name, Source(node.name if is_table else "", self.later(node))

    def later(self, node: exp.Expression) -> list[Source]:
        """The sources within a part that stands where a table does; filled in once they are known."""
        return [] if isinstance(node, exp.Table) else LazyParts(self, node)

    def sources_within(self, node: exp.Expression) -> list[Source]:
        """Every source below."""
        return [one for scope in node.find_all(*SCOPES) for one in self.named.get(id(scope), {}).values()]

    def tie(self, equality: exp.Expression) -> None:
        """One `=` or `IN`, unless it is one of several ways (OR) or the contrary (NOT)."""
        if is_optional(equality):
            return
        left = unwrapped(equality.this)
        right = (
            equality.args.get("query") or equality.args.get("expressions") or unwrapped(equality.expression)
        )
        for column, other in ((left, right), (right, left)):
            if isinstance(column, exp.Column):
                self.hold(column, other)

    def hold(self, column: exp.Column, other: Any) -> None:
        """A column that equals something."""
        source = self.source_of(column)
        if source is None or not self.may_hold(column, source):
            return
        if isinstance(other, exp.Column):
            beside = self.source_of(other)
            if beside is not None and (is_key(source, column.name) or is_key(beside, other.name)):
                source.links.append(beside)
        elif isinstance(other, exp.Subquery | exp.Select):
            if is_key(source, column.name):
                source.links += self.sources_within(other)
        else:
            source.by.setdefault(column.name, []).extend(value_names(other))

    def may_hold(self, column: exp.Column, source: Source) -> bool:
        """Whether a condition narrows this source: not from a part below it, nor from a LEFT JOIN of another."""
        if source not in self.named[id(column.find_ancestor(*SCOPES))].values():
            return False
        join = column.find_ancestor(exp.Join, *SCOPES)
        if not isinstance(join, exp.Join) or join.side not in ("LEFT", "FULL"):
            return True
        return self.named[id(join.find_ancestor(*SCOPES))].get(join.alias_or_name) is source

    def source_of(self, column: exp.Column) -> Source | None:
        """Whose column it is: of the nearest part that knows the name."""
        scope = column.find_ancestor(*SCOPES)
        while scope is not None:
            here = self.named[id(scope)]
            if column.table in here:
                return here[column.table]
            if not column.table and len(here) == 1:
                return next(iter(here.values()))
            scope = scope.find_ancestor(*SCOPES)
        return None


class LazyParts(list[Source]):
    """The sources of a part, looked up when asked."""

    def __init__(self, reader: Reader, node: exp.Expression) -> None:
        super().__init__()
        self.reader, self.node = reader, node

    def __iter__(self) -> Iterator[Source]:
        return iter(self.reader.sources_within(self.node))


def is_optional(equality: exp.Expression) -> bool:
    """Whether it stands below an OR or a NOT of its own part of the statement, or is an assignment."""
    node = equality
    while node.parent is not None and not isinstance(node.parent, SCOPES):
        node = node.parent
        if isinstance(node, exp.Or | exp.Not | exp.Case):
            return True
    return isinstance(node.parent, exp.Update) and node.arg_key == "expressions"


def is_key(source: Source, column: str) -> bool:
    """Whether this column leads to rows of a tenant."""
    return bool(source.keys) and (column == source.keys.own or column in source.keys.others)


def unwrapped(node: Any) -> Any:
    """Without casts, brackets and ANY."""
    while isinstance(node, WRAPPING):
        node = node.this if not isinstance(node, exp.Array) else (node.expressions or [None])[0]
    return node


def value_names(node: Any) -> list[str]:
    """The parameters in a value; none of what is written out."""
    nodes = node if isinstance(node, list) else [node]
    return [one.name for each in nodes if each is not None for one in each.find_all(exp.Placeholder)]
