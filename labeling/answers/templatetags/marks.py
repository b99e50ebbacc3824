"""Answers that mark something, on any page: `{% load marks %}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template

from labeling.answers.marked import pieces_of, shapes_of
from projects.streams.shown import Shown

register = template.Library()


@register.inclusion_tag("labeling/answers/shapes.html")
def picture_with_shapes(
    media: Shown, questions: Iterable[Mapping[str, Any]], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """The picture of an example with the boxes and polygons of an answer: `questions` are its schema's."""
    return {"media": media, "shapes": shapes_of(questions, answer)}


@register.inclusion_tag("labeling/answers/spans.html")
def text_with_spans(
    text: str, questions: Iterable[Mapping[str, Any]], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """The text of an example with the passages that an answer marks: `questions` are its schema's."""
    return {"pieces": pieces_of(text, questions, answer)}
