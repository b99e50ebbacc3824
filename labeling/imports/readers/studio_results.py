"""One result of a Label Studio annotation as (part of) an answer to a question of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labeling.imports.readers import shapes
from labeling.imports.readers.questions import Question, Seen
from labeling.imports.readers.shapes import NotTaken
from labeling.imports.reading import Questions
from projects.schemas.answers import labelling
from projects.schemas.values import is_number

KINDS: dict[str, tuple[str, ...]] = {
    "choices": ("choice", "choices", "boolean"),
    "taxonomy": ("choice", "choices"),
    "rating": ("rating", "number"),
    "number": ("number", "rating"),
    "textarea": ("text",),
    "labels": ("spans",),
    "rectanglelabels": ("boxes",),
    "polygonlabels": ("polygons",),
}
WHOLE = 100.0  # coordinates are percent
YES_AND_NO = {"yes": True, "true": True, "no": False, "false": False}


def control_of(result: Any) -> tuple[str, str]:
    """(name, type) of the control that a result comes from. Raises NotTaken for one that has no counterpart."""
    if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
        raise NotTaken("type", "A result is an object with a value.")
    name, kind = result.get("from_name"), result.get("type")
    if not isinstance(name, str) or not isinstance(kind, str) or kind.lower() not in KINDS:
        raise NotTaken("not_supported", f"Results of type {str(kind)[:40]} are not taken.")
    kind = kind.lower()
    is_mark = kind in ("labels", "rectanglelabels", "polygonlabels")
    if not is_mark and not {"x", "start"}.isdisjoint(result["value"]):
        raise NotTaken("of_a_region", "What is said of one region alone is not taken.")
    return name, kind


def answer_in(
    answer: dict[str, Any], question: Question, result: dict[str, Any], data: Mapping[str, Any]
) -> None:
    """Put what a result says into the answer. Raises NotTaken."""
    name, kind, value = question["name"], question["kind"], result["value"]
    match kind:
        case "spans" | "boxes" | "polygons":
            mark = {"spans": span, "boxes": box, "polygons": polygon}[kind](result, data)
            answer.setdefault(name, []).extend(mark | {"label": label} for label in labels_in(result))
        case "choices":
            chosen = answer.setdefault(name, [])
            chosen.extend(text for text in texts_in(result) if text not in chosen)
        case "choice" | "boolean":
            answer[name] = one(texts_in(result), kind)
        case "text":
            given = value.get("text")
            answer[name] = "\n".join(map(str, given)) if isinstance(given, list) else given
        case _:
            number = value.get("rating", value.get("number"))
            whole = kind == "rating" and isinstance(number, float) and number.is_integer()
            answer[name] = int(number) if whole else number


def one(texts: list[str], kind: str) -> str | bool:
    """The one choice of a question that has one."""
    if len(texts) != 1:
        raise NotTaken("several", f"The question is answered by one choice; this has {len(texts)}.")
    return texts[0] if kind == "choice" else YES_AND_NO.get(texts[0].lower(), texts[0])


def texts_in(result: dict[str, Any]) -> list[str]:
    """What was chosen; of a taxonomy the whole way to it."""
    value = result["value"]
    given = value.get(result["type"].lower(), value.get("choices"))
    if not isinstance(given, list):
        raise NotTaken("type", "What was chosen is a list.")
    return [" / ".join(map(str, item)) if isinstance(item, list) else str(item) for item in given]


def labels_in(result: dict[str, Any]) -> list[str]:
    """The labels of a mark, one at least."""
    given = result["value"].get(result["type"].lower())
    if not isinstance(given, list) or not given or not all(isinstance(label, str) for label in given):
        raise NotTaken("no_label", "The mark has no label.")
    return given


def span(result: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A passage of the task's text."""
    text = data.get(str(result.get("to_name")))
    if not isinstance(text, str):
        texts = [item for item in data.values() if isinstance(item, str)]
        text = max(texts, key=len, default="")
    value = result["value"]
    return shapes.passage(text, value.get("start"), value.get("end"), value.get("text"))


def box(result: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A box that stands upright."""
    value = result["value"]
    if value.get("rotation") or result.get("image_rotation"):
        raise NotTaken("turned", "Boxes that are turned, or on a turned picture, are not taken.")
    return shapes.box([value.get(name) for name in ("x", "y", "width", "height")], WHOLE, WHOLE)


def polygon(result: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A polygon."""
    if result.get("image_rotation"):
        raise NotTaken("turned", "Polygons on a turned picture are not taken.")
    points = result["value"].get("points")
    return {"points": shapes.polygon(points if isinstance(points, list) else [], WHOLE, WHOLE)}


def words_of(answer: Mapping[str, Any], questions: Questions) -> str:
    """What a model said, in one word where one word answers; else the different labels of its marks."""
    first = labelling([dict(row) for row in questions])
    if first is not None and (value := answer.get(first["name"])) is not None:
        return (str(value).lower() if isinstance(value, bool) else str(value))[:200] or "nothing"
    marks = [mark for value in answer.values() if isinstance(value, list) for mark in value]
    labels = {str(mark["label"] if isinstance(mark, dict) else mark) for mark in marks}
    return ", ".join(sorted(labels))[:200] or "nothing"


def seen_in(seen: dict[str, Seen], results: list[Any]) -> None:
    """Note what one annotation says, by control."""
    values: dict[str, list[Any]] = {}
    for result in results:
        try:
            name, kind = control_of(result)
            said = (
                labels_in(result)
                if KINDS[kind][0] in ("spans", "boxes", "polygons")
                else texts_seen(result, kind)
            )
        except NotTaken:
            continue
        seen.setdefault(name, Seen(KINDS[kind][0], name.replace("_", " ").strip()[:200] or "Label"))
        values.setdefault(name, []).extend(said)
        number = result["value"].get("rating")
        if is_number(number):
            seen[name].largest = max(seen[name].largest, number)
    for name, said in values.items():
        seen[name].add(said)


def texts_seen(result: dict[str, Any], kind: str) -> list[str]:
    """The choices of a result; none where it is answered by a number or words."""
    return texts_in(result) if kind in ("choices", "taxonomy") else []
