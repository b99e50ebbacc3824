"""Label Studio's JSON export: tasks with annotations and predictions, one example each.

What has no counterpart here (brush masks, key points, marks of a region, turned boxes) is reported by its place; the
rest of its task is taken. An annotation is taken whole or not at all: one with a mark less would be a wrong label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.utils.translation import gettext_lazy as _

from labeling.imports.readers.elements import elements
from labeling.imports.readers.questions import Seen, answered_by, proposed
from labeling.imports.readers.shapes import NotTaken
from labeling.imports.readers.studio_results import KINDS, answer_in, control_of, seen_in, words_of
from labeling.imports.reading import FORMATS, Column, Mark, Options, Questions, Read, Reader, row_of
from projects.streams.rows import Bad
from teams.access.problems import FieldError

SAMPLED = 2000  # tasks that a proposal looks at
PEEKED = 50
MAX_PROBLEMS = 50  # of one task
SPLITS = ("train", "val", "test")
MEDIA_NAMES = ("image", "img", "photo", "audio", "video", "url", "file", "media")
MEDIA_PATH = re.compile(
    r"(?:https?://|s3://|gs://|/data/).+|\S+\.(?:png|jpe?g|gif|webp|bmp|wav|mp3|flac|ogg|m4a|mp4|webm)", re.I
)


class Task(NamedTuple):
    """One task while it is read."""

    value: dict[str, Any]
    data: dict[str, Any]
    roles: dict[str, str]  # of the members of `data`
    problems: list[FieldError]


def rows(
    file: IO[bytes], options: Options, questions: Questions, after: Mark | None = None
) -> Iterator[Read]:
    """The tasks; before one of which something is not taken, a row that says what."""
    asked = questions or propose(file, options)
    file.seek(0)
    done = -1 if after is None else int(after)
    for index, value in enumerate(elements(file, "task")):
        if 2 * index + 1 <= done:
            continue
        row, problems = task_row(value, options, asked)
        place = f"task {index + 1}"
        if problems and 2 * index > done:
            key = row.key if row is not None else None
            yield Read(Bad(problems[:MAX_PROBLEMS], key), place, 2 * index)
        if row is not None:
            yield Read(row, place, 2 * index + 1)


def task_row(value: Any, options: Options, questions: Questions) -> tuple[Any, list[FieldError]]:
    """(the row, what of the task is not taken); no row where nothing is."""
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(data, dict):
        return None, [FieldError("", "not_a_task", "A task is an object with its data.")]
    task = Task(value, data, roles_of(data, options), [])
    members = members_of(task, options)
    if task.problems:
        return None, task.problems
    members["labels"] = labels_of(task, options, questions)
    members["predictions"] = predictions_of(task, options, questions)
    row = row_of({name: member for name, member in members.items() if member not in (None, [], "")})
    return row, task.problems


def roles_of(data: Mapping[str, Any], options: Options) -> dict[str, str]:
    """What each member of a task's data is: as the person says, else as it looks."""
    roles = {name: options.columns.get(name, "") or looks_like(name, value) for name, value in data.items()}
    for role in ("key", "text", "media", "captured_at", "split"):
        several = [name for name, said in roles.items() if said == role]
        roles |= dict.fromkeys(several[1:], "attribute")
    return roles


def looks_like(name: str, value: Any) -> str:
    """What a member of the data most likely is."""
    plain = name.lower()
    if not isinstance(value, str):
        return "attribute"
    if MEDIA_PATH.fullmatch(value) and (plain in MEDIA_NAMES or plain not in ("text", "source")):
        return "media"
    if plain in ("text", "sentence", "document", "content", "body", "question"):
        return "text"
    if plain == "split" and value in SPLITS:
        return "split"
    return "attribute"


def members_of(task: Task, options: Options) -> dict[str, Any]:
    """The example itself: key, time, text, media, split, attributes."""
    by_role = {role: name for name, role in task.roles.items() if role != "attribute"}
    given = {role: task.data.get(by_role[role]) for role in ("key", "text", "split") if role in by_role}
    key = given.get("key", task.value.get("id"))
    members: dict[str, Any] = {
        "key": str(key) if isinstance(key, str | int | float) and key != "" else None,
        "text": words(given.get("text")),
        "split": given.get("split") or None,
        "captured_at": task.data.get(by_role.get("captured_at", ""), task.value.get("created_at")) or None,
        "attributes": attributes_of(task),
    }
    if members["key"] is None:
        task.problems.append(
            FieldError("/id", "required", "The task has no id, and no member of its data is the key.")
        )
    if "media" in by_role and (value := task.data[by_role["media"]]):
        members["media"] = media_of(task, f"/data/{by_role['media']}", value, options)
    return members


def words(value: Any) -> Any:
    """A text; whatever else stands there is refused as such later."""
    return value if isinstance(value, str) or value is None else str(value)


def attributes_of(task: Task) -> dict[str, Any]:
    """Members of the data that are attributes, under the names that they shall have."""
    named = {}
    for name, value in task.data.items():
        role = task.roles[name]
        if role == "attribute" or role.startswith("attribute:"):
            named[role.partition(":")[2] or name] = value
    return named


def media_of(task: Task, at: str, value: Any, options: Options) -> dict[str, str] | None:
    """Where the media are. What lies in Label Studio itself has an address only if the person says what goes before."""
    path = value if isinstance(value, str) else ""
    if path.startswith("/data/local-files/"):
        path = parse_qs(urlsplit(path).query).get("d", [""])[0]
    if "://" not in path and path and options.base_uri:
        path = f"{options.base_uri.rstrip('/')}/{path.lstrip('/')}"
    if "://" in path:
        return {"uri": path}
    detail = "This file lies in Label Studio itself: say what goes before its path (base_uri)."
    task.problems.append(FieldError(at, "base_uri", detail))
    return None


def labels_of(task: Task, options: Options, questions: Questions) -> list[dict[str, Any]]:
    """What people said; of several annotations of one person the last one."""
    said: dict[str, dict[str, Any]] = {}
    for index, annotation in enumerate(listed(task.value.get("annotations", task.value.get("completions")))):
        if not isinstance(annotation, dict):
            task.problems.append(FieldError(f"/annotations/{index}", "type", "An annotation is an object."))
            continue
        if annotation.get("was_cancelled"):
            continue
        answer = answer_of(task, annotation, f"/annotations/{index}", options, questions)
        if answer:
            by = person(annotation.get("completed_by"))
            at = annotation.get("updated_at") or annotation.get("created_at")
            said[by] = {"answer": answer, "by": by} | ({"at": at} if at else {})
    return list(said.values())


def predictions_of(task: Task, options: Options, questions: Questions) -> list[dict[str, Any]]:
    """What models said, with the version that Label Studio was told."""
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for index, prediction in enumerate(listed(task.value.get("predictions"))):
        if not isinstance(prediction, dict):  # exports may name predictions by their numbers alone
            continue
        answer = answer_of(task, prediction, f"/predictions/{index}", options, questions)
        if not answer:
            continue
        model, version = model_of(prediction.get("model_version"))
        score = prediction.get("score")
        is_share = isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1
        said[model, version] = {
            "model": model,
            "version": version,
            "label": words_of(answer, questions),
            "output": answer,
        } | ({"confidence": score} if is_share else {})
    return list(said.values())


def answer_of(
    task: Task, annotation: dict[str, Any], at: str, options: Options, questions: Questions
) -> dict[str, Any]:
    """{question: value} of an annotation; empty where it says nothing, or cannot be taken as a whole."""
    before = len(task.problems)
    answer: dict[str, Any] = {}
    for index, result in enumerate(listed(annotation.get("result"))):
        here = f"{at}/result/{index}"
        try:
            name, kind = control_of(result)
            question = answered_by(questions, options, name, KINDS[kind])
            if question is None:
                raise NotTaken("no_question", f"No question of the project is answered by {name[:40]}.")
            answer_in(answer, question, result, task.data)
        except NotTaken as why:
            task.problems.append(FieldError(here, why.code, why.detail))
    return answer if len(task.problems) == before else {}


def listed(value: Any) -> list[Any]:
    """A list, or nothing."""
    return value if isinstance(value, list) else []


def person(value: Any) -> str:
    """Who annotated: an e-mail address, a name, or their number in Label Studio."""
    if isinstance(value, dict):
        names = (value.get("first_name"), value.get("last_name"))
        name = " ".join(part for part in names if isinstance(part, str) and part)
        value = value.get("email") or name or value.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"Label Studio user {value}"
    return value.strip()[:200] if isinstance(value, str) else ""


def model_of(value: Any) -> tuple[str, str]:
    """(name, version) of "name@version", "name:version", or a version alone."""
    text = value.strip() if isinstance(value, str) else ""
    name, _mark, version = re.sub(r"[@:]", "@", text, count=1).partition("@")
    return (
        (name.strip()[:80], version.strip()[:80])
        if name.strip() and version.strip()
        else (
            "label-studio",
            text[:80] or "unknown",
        )
    )


def propose(file: IO[bytes], options: Options) -> list[dict[str, Any]]:
    """The questions that the annotations of the first tasks answer."""
    file.seek(0)
    seen: dict[str, Seen] = {}
    answered = 0
    for index, value in enumerate(elements(file, "task")):
        if index == SAMPLED:
            break
        records = (
            listed(value.get("annotations")) or listed(value.get("predictions"))
            if isinstance(value, dict)
            else []
        )
        for record in records:
            if isinstance(record, dict) and listed(record.get("result")):
                answered += 1
                seen_in(seen, record["result"])
    return proposed(seen, answered)


def columns(file: IO[bytes], options: Options, questions: Questions) -> list[Column]:
    """The members of the first tasks' data."""
    file.seek(0)
    samples: dict[str, list[Any]] = {}
    for index, value in enumerate(elements(file, "task")):
        data = value.get("data") if isinstance(value, dict) else None
        for name, member in data.items() if isinstance(data, dict) else ():
            samples.setdefault(name, []).append(member)
        if index == PEEKED:
            break
    return [
        Column(
            name,
            [str(value)[:80] for value in values[:3]],
            guess_of(name, values),
            type_of(values) or "string",
        )
        for name, values in samples.items()
    ]


def guess_of(name: str, values: list[Any]) -> str:
    """What a member of the data most likely is; an object is no attribute to ask for."""
    looks = looks_like(name, values[0])
    return "ignore" if looks == "attribute" and type_of(values) is None else looks


def type_of(values: list[Any]) -> str | None:
    """The type of an attribute that holds these; None where there is none."""
    found = {type(value) for value in values if value is not None}
    if found <= {bool}:
        return "boolean" if found else "string"
    if found <= {int, float}:
        return "number"
    if found == {list} and all(isinstance(text, str) for value in values for text in value or ()):
        return "string[]"
    return "string" if found == {str} else None


def guess(head: bytes, filename: str) -> float:
    """A list of objects with data, and annotations or predictions."""
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["
    named = sum(word in head for word in (b'"data"', b'"annotations"', b'"from_name"', b'"completed_by"'))
    return 0.25 * named if begins and b'"data"' in head and named > 1 else 0.0


LABEL_STUDIO = FORMATS.add(
    Reader(
        "label_studio",
        _("Label Studio (JSON)"),
        rows,
        guess,
        columns=columns,
        extensions=(".json",),
        propose=propose,
    )
)
