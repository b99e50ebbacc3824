"""Labels that come with examples: which of them stand, and which one counts.

Everybody outside has one say about an example; saying something else supersedes it. Somebody unnamed is nobody in
particular: such a label takes the place of all that was said before, and gives way to whoever is named. What more than
half say counts; where nobody has more than half nothing does. A label that a person gave here is never overridden.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.db.models.functions import Lower

from labeling.answers.models import Annotation, ImportedPerson
from labeling.queues.models import Queue
from labeling.tasks.models import SelectedBy
from projects.schemas.answers import label_of
from projects.schemas.models import LabelSchema
from projects.streams.models import LabelState
from projects.streams.rows import InlineLabel
from projects.streams.summary import LabelSummary
from teams.identity.models import Organization

STANDING = (Annotation.State.SUBMITTED, Annotation.State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Why the examples were labelled outside: only a lot's count in an evaluation by lot."""

    selected_by: SelectedBy = SelectedBy.IMPORT
    probability: float | None = None


class Voice(NamedTuple):
    """Who says something: a member, somebody outside, or nobody in particular."""

    author_id: int | None = None
    person_id: int | None = None

    def is_same(self, other: Voice) -> bool:
        """Whether two voices are one; somebody outside who has become known as a member is the same as before."""
        if self == other:
            return True
        as_member = self.author_id is not None and self.author_id == other.author_id
        return as_member or (self.person_id is not None and self.person_id == other.person_id)


NOBODY = Voice()


class Say(msgspec.Struct):
    """One standing answer; `pk` is None while it is not written yet."""

    voice: Voice
    answer: dict[str, Any]
    label: str
    at: datetime | None = None
    pk: int | None = None
    accepted: bool = False

    @property
    def meaning(self) -> str:
        """What two answers must have in common to agree: the label, or all of it where no one word answers."""
        return self.label or json.dumps(self.answer, sort_keys=True)


class Verdict(NamedTuple):
    """What an example's labels come to: what is gone, new, counts no more, and counts."""

    gone: list[Say]
    fresh: list[Say]
    dethroned: list[Say]
    counts: Say | None
    is_settled: bool

    @property
    def is_news(self) -> bool:
        """Whether anything was said that was not said before."""
        return bool(self.gone or self.fresh)


def voices_of(organization: Organization, project_id: int, names: Iterable[str]) -> dict[str, Voice]:
    """Who is meant by each name: a member whose address it is, else somebody outside, whom a manager may map."""
    wanted = sorted({name for name in names if name})
    if not wanted:
        return {"": NOBODY}
    members = organization.memberships.people().annotate(address=Lower("user__email"))
    found = dict(
        members.filter(address__in=[name.lower() for name in wanted]).values_list("address", "user_id")
    )
    voices = {name: Voice(author_id=found[name.lower()]) for name in wanted if name.lower() in found}
    outside = outsiders(organization, project_id, [name for name in wanted if name not in voices])
    return {"": NOBODY} | voices | outside


def outsiders(organization: Organization, project_id: int, names: list[str]) -> dict[str, Voice]:
    """People outside by name, noted when they are new."""
    people = organization.imported_people.filter(project=project_id, name__in=names)
    known = dict(people.values_list("name", "pk"))
    new = [name for name in names if name not in known]
    if new:
        organization.imported_people.bulk_create(
            [ImportedPerson(organization=organization, project_id=project_id, name=name) for name in new],
            ignore_conflicts=True,
        )
    return {name: Voice(author, pk) for name, pk, author in people.values_list("name", "pk", "user")}


def standing(organization: Organization, example_ids: Sequence[int]) -> dict[int, list[Say]]:
    """What imports have said of examples before, and still stands, oldest first."""
    rows = organization.annotations.filter(
        example__in=example_ids, source=Annotation.Source.IMPORT, state__in=STANDING
    ).order_by("pk")
    found: defaultdict[int, list[Say]] = defaultdict(list)
    for row in rows.values("pk", "example", "author", "said_by", "answer", "label", "state"):
        voice = Voice(row["author"], row["said_by"])
        is_accepted = row["state"] == Annotation.State.ACCEPTED
        found[row["example"]].append(Say(voice, row["answer"], row["label"], None, row["pk"], is_accepted))
    return found


def answered_here(organization: Organization, example_ids: Sequence[int]) -> set[int]:
    """The examples of which a person here has given the label."""
    accepted = organization.annotations.filter(
        example__in=example_ids, state=Annotation.State.ACCEPTED, queue__counts=True
    ).exclude(source=Annotation.Source.IMPORT)
    return set(accepted.values_list("example", flat=True))


def judge(before: Sequence[Say], said: Sequence[Say], is_settled: bool) -> Verdict:
    """Who stands after some more was said. Where a person here has given the label, what is new only stands beside."""
    gone = [old for old in before if not is_among(old, said) and any(replaces(new, old) for new in said)]
    fresh = [new for new in said if not is_among(new, before)]
    if is_settled:
        return Verdict(gone, fresh, [], None, True)
    stand = [old for old in before if old not in gone] + fresh
    counts = majority(stand)
    dethroned = [say for say in stand if say.accepted and say is not counts]
    return Verdict(gone, fresh, dethroned, counts, False)


def replaces(new: Say, old: Say) -> bool:
    """Whether somebody takes back what they said, or a name takes the place of none, or none of a name."""
    return new.voice.is_same(old.voice) or NOBODY in (new.voice, old.voice)


def is_among(one: Say, others: Sequence[Say]) -> bool:
    """Whether the same person says the same there."""
    return any(one.voice.is_same(other.voice) and one.answer == other.answer for other in others)


def majority(stand: Sequence[Say]) -> Say | None:
    """The answer that counts: of those that more than half agree on, the one that counts already, else the first."""
    votes = Counter(say.meaning for say in stand).most_common(1)
    if not votes or votes[0][1] * 2 <= len(stand):
        return None
    winners = [say for say in stand if say.meaning == votes[0][0]]
    return next((say for say in winners if say.accepted), winners[0])


TASKS = """
INSERT INTO labeling_task AS old (organization_id, queue_id, example_id, round, state, priority, order_key, open_slots,
    people, selected_by, inclusion_probability, opened_at, ended_at, expiries)
SELECT %(organization)s, %(queue)s, example_id, 1, CASE WHEN accepted THEN 'accepted' ELSE 'complete' END, 0, 0, 0,
    '{}', %(selected_by)s, %(probability)s, %(now)s, CASE WHEN accepted THEN %(now)s::timestamptz END, 0
FROM jsonb_to_recordset(%(lines)s) AS line (example_id bigint, accepted boolean)
ORDER BY example_id
ON CONFLICT (organization_id, queue_id, example_id, round) DO UPDATE
    SET state = excluded.state, ended_at = coalesce(old.ended_at, excluded.ended_at)
RETURNING example_id, id
"""
SUPERSEDE = """
UPDATE labeling_annotation SET state = 'superseded'
WHERE organization_id = %(organization)s AND id = ANY(%(gone)s)
"""
COUNTS_NO_MORE = """
UPDATE labeling_annotation SET state = 'submitted', accepted_at = NULL
WHERE organization_id = %(organization)s AND id = ANY(%(no_more)s)
"""
COUNTS_NOW = """
UPDATE labeling_annotation SET state = 'accepted', accepted_at = %(now)s
WHERE organization_id = %(organization)s AND id = ANY(%(chosen)s)
"""
ANNOTATIONS = """
INSERT INTO labeling_annotation (organization_id, task_id, round, example_id, queue_id, author_id, said_by_id,
    schema_id, answer, label, source, state, selected_by, inclusion_probability, at, accepted_at)
SELECT %(organization)s, task_id, 1, example_id, %(queue)s, author_id, said_by_id, %(schema)s, answer, label, 'import',
    CASE WHEN accepted THEN 'accepted' ELSE 'submitted' END, %(selected_by)s, %(probability)s,
    coalesce(at, %(now)s::timestamptz), CASE WHEN accepted THEN %(now)s::timestamptz END
FROM jsonb_to_recordset(%(lines)s) AS line (task_id bigint, example_id bigint, author_id bigint, said_by_id bigint,
    answer jsonb, label text, at timestamptz, accepted boolean)
"""


def write(queue: Queue, verdicts: Mapping[int, Verdict], drawn: Drawn, now: datetime) -> None:
    """Write what changed: first what counts no more, so that at most one answer of a task ever counts."""
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "schema": queue.schema_id,
        "selected_by": drawn.selected_by,
        "probability": drawn.probability,
        "now": now,
        "gone": [say.pk for verdict in verdicts.values() for say in verdict.gone],
        "no_more": [say.pk for verdict in verdicts.values() for say in verdict.dethroned],
        "chosen": [
            v.counts.pk for v in verdicts.values() if v.counts and v.counts.pk and not v.counts.accepted
        ],
    }
    with connection.cursor() as cursor:
        cursor.execute(TASKS, values | {"lines": encoded(task_lines(verdicts))})
        tasks = dict(cursor.fetchall())
        for statement, name in ((SUPERSEDE, "gone"), (COUNTS_NO_MORE, "no_more"), (COUNTS_NOW, "chosen")):
            if values[name]:
                cursor.execute(statement, values)
        cursor.execute(ANNOTATIONS, values | {"lines": encoded(annotation_lines(verdicts, tasks))})


def encoded(lines: list[dict[str, Any]]) -> str:
    """A recordset."""
    return msgspec.json.encode(lines).decode()


def task_lines(verdicts: Mapping[int, Verdict]) -> list[dict[str, Any]]:
    """A task an example, as all answers hang on one; nobody is asked to do it."""
    return [
        {"example_id": example, "accepted": verdict.counts is not None}
        for example, verdict in verdicts.items()
    ]


def annotation_lines(verdicts: Mapping[int, Verdict], tasks: Mapping[int, int]) -> list[dict[str, Any]]:
    """The answers that are new."""
    return [
        {
            "task_id": tasks[example],
            "example_id": example,
            "author_id": say.voice.author_id,
            "said_by_id": say.voice.person_id,
            "answer": say.answer,
            "label": say.label,
            "at": say.at,
            "accepted": say is verdict.counts,
        }
        for example, verdict in verdicts.items()
        for say in verdict.fresh
    ]


def summaries(verdicts: Mapping[int, Verdict], now: datetime) -> list[LabelSummary]:
    """What the labels of the examples are from now on."""
    return [
        LabelSummary(example, verdict.counts.label, LabelState.ACCEPTED, now)
        if verdict.counts
        else LabelSummary(example, None, LabelState.PENDING)
        for example, verdict in verdicts.items()
        if not verdict.is_settled
    ]


def say(schema: LabelSchema, label: InlineLabel, voice: Voice) -> Say:
    """A label that came with a row, as an answer."""
    return Say(voice, label.answer, label_of(schema, label.answer), label.at)
