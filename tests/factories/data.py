"""What comes in: streams, examples, what models say of them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from projects.models import Example, LabelSchema, ModelVersion, Prediction, Project, SplitPolicy, Stream
from tests.factories.people import Of, OrganizationFactory


class ProjectFactory(Of):
    class Meta:
        model = Project

    organization = factory.SubFactory(OrganizationFactory)
    slug = factory.Sequence(lambda n: f"project{n}")
    name = factory.Sequence(lambda n: f"Project {n}")


class InProject(Of):
    """A row below a project."""

    class Meta:
        abstract = True

    project = factory.SubFactory(ProjectFactory)
    organization = factory.SelfAttribute("project.organization")


DIGITS = [
    {
        "name": "digit",
        "kind": "choice",
        "title": "Which digit?",
        "options": [{"value": str(n), "title": str(n), "key": str(n)} for n in range(10)],
    }
]


class LabelSchemaFactory(InProject):
    class Meta:
        model = LabelSchema

    version = factory.Sequence(lambda n: n + 1)
    questions = factory.LazyFunction(lambda: DIGITS)


class StreamFactory(InProject):
    class Meta:
        model = Stream
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"stream{n}")
    name = factory.Sequence(lambda n: f"Stream {n}")
    fields = factory.LazyFunction(
        lambda: [
            {"name": "store", "type": "string", "column": "k1"},
            {"name": "weight", "type": "number", "column": "n1"},
            {"name": "camera", "type": "string"},
        ]
    )

    @factory.post_generation
    def policy(stream: Any, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Every stream has its first split policy: 10 % test, no val."""
        SplitPolicyFactory(stream=stream, **kwargs)

    class Params:
        pass


class SplitPolicyFactory(Of):
    class Meta:
        model = SplitPolicy

    stream = factory.SubFactory(StreamFactory)
    organization = factory.SelfAttribute("stream.organization")
    salt = factory.LazyAttribute(lambda row: f"{row.stream.slug}:1")
    test_until = 1000
    val_until = 1000


class ExampleFactory(Of):
    """`bucket` 5000 is a training bucket; below 1000 is test."""

    class Meta:
        model = Example

    stream = factory.SubFactory(StreamFactory)
    organization = factory.SelfAttribute("stream.organization")
    key = factory.Sequence(lambda n: f"example-{n}")
    captured_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    split_key = factory.SelfAttribute("key")
    bucket = 5000


class ModelVersionFactory(InProject):
    class Meta:
        model = ModelVersion

    name = "digits"
    version = factory.Sequence(lambda n: str(n + 1))
    digest = factory.LazyFunction(lambda: secrets.token_hex(32))


class PredictionFactory(Of):
    class Meta:
        model = Prediction

    example = factory.SubFactory(ExampleFactory)
    organization = factory.SelfAttribute("example.organization")
    model_version = factory.SubFactory(
        ModelVersionFactory, project=factory.SelfAttribute("..example.stream.project")
    )
    label = "3"
    confidence = 0.5
