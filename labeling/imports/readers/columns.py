"""What the columns of a table are: as somebody says, or as their names let us guess."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from labeling.imports.readers import cells
from labeling.imports.reading import Options, Questions, Unreadable
from teams.identity.zones import known_zones

ONCE = {
    "key": ("key", "id", "example", "example_id", "item_id", "uid", "uuid"),
    "text": ("text", "sentence", "content", "body", "utterance"),
    "media": (
        "media",
        "media_uri",
        "uri",
        "url",
        "image",
        "image_url",
        "file",
        "path",
        "filename",
        "audio",
        "video",
    ),
    "captured_at": ("captured_at", "timestamp"),
    "split": ("split", "subset", "fold", "partition"),
    "label": ("label", "class", "target", "category", "y"),
    "labeled_by": ("labeled_by", "labelled_by", "annotator", "annotated_by", "worker", "labeler"),
    "labeled_at": ("labeled_at", "labelled_at", "annotated_at"),
}
ROLES = (*ONCE, "prediction", "confidence", "attribute", "ignore")
WITH_NAME = ("attribute:", "label:")
SEPARATOR = "\x1f"
NEVER_TWICE = frozenset(ONCE) - {"label"} | {"prediction", "confidence"}


def guesses(names: Sequence[str], questions: Questions) -> dict[str, str]:
    """What each column most likely is; of two candidates for one thing the first, the other an attribute."""
    asked = {question["name"] for question in questions}
    found: dict[str, str] = {}
    for name in names:
        word = name.strip().lower().replace(" ", "_")
        role = next((role for role, words in ONCE.items() if word in words), "attribute")
        if word in asked and word not in ("key", "text"):
            role = f"label:{word}"
        found[name] = "attribute" if role in NEVER_TWICE | {"label"} and role in found.values() else role
    return found


def roles(names: Sequence[str], options: Options, questions: Questions) -> dict[str, str]:
    """What each column is. Raises Unreadable where somebody says what makes no sense."""
    said = guesses(names, questions) | {name: role for name, role in options.columns.items() if name in names}
    lost = sorted(set(options.columns) - set(names))
    if lost:
        raise wrong(_("There is no column “%(name)s” in this file.") % {"name": lost[0][:80]})
    for role in said.values():
        if role not in ROLES and not (role.startswith(WITH_NAME) and role.partition(":")[2]):
            raise wrong(_("A column cannot be “%(role)s”.") % {"role": role[:80]})
        if role in NEVER_TWICE and list(said.values()).count(role) > 1:
            raise wrong(_("Only one column can be “%(role)s”.") % {"role": role})
    if "prediction" in said.values() and not (options.more.get("model") and options.more.get("version")):
        raise wrong(_("Say which model the predictions are of: its name and version."))
    return said


def wrong(sentence: str) -> Unreadable:
    """Somebody said what cannot be."""
    return Unreadable(sentence, code="columns")


def zone_of(options: Options) -> str:
    """The zone of times that name none; empty where nobody says it. Raises Unreadable for one that is not known."""
    name = str(options.more.get("time_zone") or "")
    if name and name not in known_zones():
        sentence = _("There is no time zone called “%(name)s”.") % {"name": name[:64]}
        raise Unreadable(sentence, code="time_zone")
    return name


Fill = Callable[[dict[str, Any], str], None]


class Table:
    """How the rows of a table become those of a stream."""

    def __init__(self, names: Sequence[str], options: Options, questions: Questions) -> None:
        self.names, self.options = list(names), options
        self.answers = cells.Answers(questions)
        self.zone = zone_of(options)
        said = roles(names, options, questions)
        self.fills = [self.fill(name, said[name]) for name in names]
        self.has_key = "key" in said.values()
        self.content = [index for index, name in enumerate(names) if said[name] in ("text", "media")]

    def row(self, values: Sequence[str]) -> dict[str, Any]:
        """The members of a row, as a line of JSON would have them; empty cells say nothing."""
        row: dict[str, Any] = {}
        for fill, value in zip(self.fills, values, strict=True):
            if value.strip():
                fill(row, value)
        if not self.has_key:
            row["key"] = self.made_key(values)
        return settled(row, self.options)

    def made_key(self, values: Sequence[str]) -> str:
        """Of a row without one: by its text and media, or by all of it. The same again is the same example."""
        said = [values[index] for index in self.content] or values
        return "row-" + hashlib.sha256(SEPARATOR.join(said).encode()).hexdigest()[:24]

    def fill(self, name: str, role: str) -> Fill:
        """What a column does to a row."""
        kind, _colon, of = role.partition(":")
        match kind:
            case "ignore":
                return lambda row, text: None
            case "key" | "text" | "labeled_by" | "prediction":
                return lambda row, text: row.update({kind: text if kind == "text" else text.strip()})
            case "media":
                return lambda row, text: row.update(media=media(text.strip(), self.options.base_uri))
            case "captured_at" | "labeled_at":
                return lambda row, text: row.update({kind: cells.moment(text, self.zone)})
            case "split":
                return lambda row, text: row.update(split=cells.split(text))
            case "confidence":
                return lambda row, text: row.update(confidence=cells.number(text))
            case "label":
                question = of or self.options.question or self.answers.first
                return lambda row, text: row.setdefault("answer", {}).update(
                    {question: self.answers.value(question, text)}
                )
        attribute = of or name.strip()
        type_ = self.options.types.get(attribute, "string")
        return lambda row, text: row.setdefault("attributes", {}).update(
            {attribute: cells.attribute(type_, text, self.zone or "UTC")}
        )


def settled(row: dict[str, Any], options: Options) -> dict[str, Any]:
    """A row whose label and prediction are put together from their cells."""
    answer = row.pop("answer", None)
    said = {"by": row.pop("labeled_by", None), "at": row.pop("labeled_at", None)}
    if answer is not None:
        row["labels"] = [{"answer": answer} | {name: value for name, value in said.items() if value}]
    prediction, confidence = row.pop("prediction", None), row.pop("confidence", None)
    if prediction is not None:
        model = {"model": options.more["model"], "version": options.more["version"], "label": prediction}
        row["predictions"] = [model | ({} if confidence is None else {"confidence": confidence})]
    return row


def media(text: str, base_uri: str) -> dict[str, str]:
    """Where a picture is; one that has no address of its own is below the one that was given."""
    uri = text if "://" in text or text.startswith("sluice:") else f"{base_uri}{text}"
    kind = mimetypes.guess_type(uri)[0]
    return {"uri": uri} | ({"type": kind} if kind else {})
