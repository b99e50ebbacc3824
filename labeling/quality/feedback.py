"""What somebody is told after they answered a task whose answer is known: what was wrong, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from labeling.answers.actions import FEEDBACK
from labeling.answers.models import Annotation
from labeling.quality.agreement.measuring import OVERLAPS
from labeling.quality.gold import wrong
from labeling.quality.models import GoldAnswer
from projects.schemas.values import LONGEST

SHORT = 80


def feedback(annotation: Annotation) -> str:
    """What was wrong; nothing where all was right, so that these tasks stay unknown."""
    if annotation.state != Annotation.State.GOLD:
        return ""
    row = GoldAnswer.objects.select_related("gold__queue__schema", "annotation").get(annotation=annotation)
    return " ".join(sentences(row))


FEEDBACK.append(feedback)


def sentences(row: GoldAnswer) -> Iterator[str]:
    """One for each question that was answered otherwise, then why."""
    missed = wrong(row)
    if not missed:
        return
    yield _("The answer of that task was known already.")
    for question in row.gold.queue.schema.questions:
        name = question["name"]
        if name in missed:
            yield _("“%(title)s”: you said %(given)s, right is %(known)s.") % {
                "title": question["title"],
                "given": in_words(question, row.annotation.answer.get(name)),
                "known": in_words(question, row.gold.answer.get(name)),
            }
    if row.gold.note:
        yield row.gold.note[:LONGEST]


def in_words(question: dict[str, Any], value: Any) -> str:
    """A value as a person reads it: by the titles of options, marks by how many there are."""
    if value is None:
        return _("nothing")
    titles = {row["value"]: row.get("title") or row["value"] for row in question.get("options", [])}
    if question["kind"] in OVERLAPS:
        return _("%(count)s marks") % {"count": len(value)}
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(titles.get(item, item)) for item in value)[:SHORT] or _("nothing")
    return str(titles.get(value, value))[:SHORT] if isinstance(value, str) else str(value)
