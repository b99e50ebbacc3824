"""What pipelines send and are sent: the shapes of the run contract."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
from rest_framework import serializers

from slices.runs.evaluations import MAX_ERRORS, Result
from teams.access.strict import Body

MAX_RESULTS = 200_000


class ClaimIn(Body):
    """Who wants work, of which pools. Repeat `claim_id` after a lost answer: you get the same run."""

    claim_id = serializers.CharField(max_length=80)
    worker = serializers.CharField(max_length=120, required=False, default="")
    pools = serializers.ListField(child=serializers.CharField(max_length=60), min_length=1, max_length=20)
    wait_s = serializers.IntegerField(min_value=0, max_value=0, required=False, default=0)


class SnapshotOut(serializers.Serializer[Any]):
    """A snapshot, and where to fetch it."""

    id = serializers.IntegerField()
    manifest_sha256 = serializers.CharField()
    as_of = serializers.DateTimeField()
    n_total = serializers.IntegerField()
    n_by_split = serializers.DictField(child=serializers.IntegerField())
    n_by_label = serializers.DictField(child=serializers.IntegerField())
    urls = serializers.DictField(child=serializers.CharField())


class ModelOut(serializers.Serializer[Any]):
    """A model version as its pipeline named it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.CharField()
    digest = serializers.CharField()
    uri = serializers.CharField()
    lineage = serializers.CharField(help_text="`external`: trained elsewhere, before Sluice knew of it.")


class RunOut(serializers.Serializer[Any]):
    """A run."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.CharField()
    model_name = serializers.CharField()
    as_of = serializers.DateTimeField()
    pool = serializers.CharField()
    params = serializers.DictField()
    attempt = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class LeaseOut(serializers.Serializer[Any]):
    """How long the claim holds; every later call carries the token."""

    token = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    heartbeat_s = serializers.IntegerField()


class PreviousOut(serializers.Serializer[Any]):
    """What was there before: the last model of this name that a run produced."""

    last_success = ModelOut(allow_null=True)


class WorkOut(serializers.Serializer[Any]):
    """Everything a pipeline needs for one run."""

    run = RunOut()
    lease = LeaseOut()
    snapshot = SnapshotOut(allow_null=True)
    eval_snapshot = SnapshotOut(allow_null=True)
    model_version = ModelOut(allow_null=True)
    previous = PreviousOut()


class RunPage(serializers.Serializer[Any]):
    """Some runs, and the address of the next ones."""

    results = RunOut(many=True)
    next = serializers.CharField(allow_null=True)


class TokenIn(Body):
    """The lease's token."""

    token = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class Finite(serializers.FloatField):
    """A number; NaN and the infinities, which compare with nothing, are none."""

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class HeartbeatIn(TokenIn):
    """Still working."""

    percent = Finite(min_value=0, max_value=100, required=False)
    message = serializers.CharField(max_length=500, required=False, allow_blank=True)


class HeartbeatOut(serializers.Serializer[Any]):
    """Until when, and whether to go on."""

    expires_at = serializers.DateTimeField()
    command = serializers.ChoiceField(["continue", "cancel"])


class ReleaseIn(TokenIn):
    """Giving a run back."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ResultIn(Body):
    """What the model said of one example."""

    example_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    label = serializers.CharField(max_length=500)  # type: ignore[assignment]
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)


class ResultsField(serializers.ListField):
    """Many results at once: checked by msgspec, thirty times as fast as by a serializer for each."""

    def to_internal_value(self, data: Any) -> list[Result]:
        """The results, or what is wrong with the first few."""
        if not isinstance(data, list):
            raise serializers.ValidationError("A list of results is expected.")
        results: list[Result] = []
        errors: dict[int, dict[str, str]] = {}
        for index, row in enumerate(data):
            try:
                results.append(msgspec.convert(row, Result))
            except msgspec.ValidationError as error:
                errors[index] = blamed(str(error))
                if len(errors) == MAX_ERRORS:
                    break
        if errors:
            raise serializers.ValidationError(errors)  # type: ignore[arg-type]
        return results


def blamed(message: str) -> dict[str, str]:
    """{member: what is wrong with it} of a message such as "Expected `float` <= 1 - at `$.confidence`"."""
    what, _at, where = message.partition(" - at `$.")
    missing = re.search(r"missing required field `(\w+)`", message)
    return {missing[1] if missing else where.rstrip("`") or "non_field_errors": what}


class EvaluationIn(Body):
    """What the model said of every example of an evaluation snapshot."""

    snapshot = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    results = ResultsField(child=ResultIn(), max_length=MAX_RESULTS)


class ModelIn(Body):
    """The model that the run produced; its weights stay with you."""

    version = serializers.CharField(max_length=80)
    digest = serializers.CharField(max_length=100)
    uri = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    facts = serializers.DictField(required=False, default=dict)


class ErrorIn(Body):
    """What went wrong."""

    message = serializers.CharField(max_length=2000)
    retryable = serializers.BooleanField(required=False, default=True)


class CompleteIn(TokenIn):
    """How the run ended."""

    outcome = serializers.ChoiceField(["succeeded", "failed"])
    model = ModelIn(required=False)
    evaluations = EvaluationIn(many=True, required=False, default=list)
    metrics = serializers.DictField(child=Finite(), required=False, default=dict)
    error = ErrorIn(required=False)


class CompleteOut(serializers.Serializer[Any]):
    """What the report came to."""

    run = RunOut()
    model_version = ModelOut(allow_null=True)
    evaluations = serializers.ListField(child=serializers.IntegerField())


class EvaluationOut(serializers.Serializer[Any]):
    """A recorded evaluation with the metrics that were computed from it."""

    id = serializers.IntegerField()
    model_version = ModelOut()
    snapshot = serializers.IntegerField()
    n = serializers.IntegerField()
    correct = serializers.IntegerField()
    metrics = serializers.DictField()
