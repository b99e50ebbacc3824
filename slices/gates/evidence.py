"""What a gate looks at: the candidate's answers on an evaluation snapshot, example by example, and the champion's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from projects.streams.models import ModelVersion
from slices.runs.evaluations import results_of
from slices.runs.models import Evaluation, Run
from slices.snapshots.manifest import example_ids, labels_of


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models on the same `n` examples: on `gained` the candidate alone is right, on `lost` the champion alone."""

    n: int
    gained: int
    lost: int

    @property
    def difference(self) -> float:
        """How much better the candidate did; negative when worse."""
        return (self.gained - self.lost) / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to look at.

    `champion` is its name, empty when no model is in use; `pair` is None until it was evaluated on the same
    snapshot. `shared`: examples of the evaluation that were trained on; None when that is not known.
    """

    n: int
    correct: int
    champion: str = ""
    pair: Pair | None = None
    random_only: bool = True
    shared: int | None = 0

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.correct / self.n if self.n else 0.0


def gather(evaluation: Evaluation, champion: ModelVersion | None, held: Evaluation | None) -> Evidence:
    """Everything the checks ask for. An example without an answer counts as wrong."""
    answers = right(evaluation)
    return Evidence(
        n=len(answers),
        correct=sum(answers.values()),
        champion=str(champion) if champion else "",
        pair=pair(answers, right(held)) if held else None,
        random_only=evaluation.snapshot.slice_version.random_only,
        shared=shared(evaluation),
    )


def right(evaluation: Evaluation) -> dict[int, bool]:
    """For every member of the evaluation snapshot, whether the model gave its label."""
    said = results_of(evaluation)
    truth = labels_of(evaluation.snapshot)
    return {example: example in said and said[example].label == label for example, label in truth.items()}


def pair(candidate: Mapping[int, bool], champion: Mapping[int, bool]) -> Pair:
    """Which of two models was right where the other was wrong; only examples that both were asked."""
    both = candidate.keys() & champion.keys()
    gained = sum(candidate[example] and not champion[example] for example in both)
    lost = sum(champion[example] and not candidate[example] for example in both)
    return Pair(len(both), gained, lost)


def shared(evaluation: Evaluation) -> int | None:
    """How many examples of the evaluation the model was trained on; None when its training is not known."""
    runs = evaluation.model_version.runs.filter(kind=Run.Kind.TRAIN, state=Run.State.SUCCEEDED)
    snapshots = [run.snapshot for run in runs.select_related("snapshot") if run.snapshot is not None]
    if not snapshots:
        return None
    asked = example_ids(evaluation.snapshot)
    return len(set().union(*(asked & example_ids(snapshot) for snapshot in snapshots)))
