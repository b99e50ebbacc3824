"""What a model scored, computed here from what it said of each example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any


def score(truth: Mapping[int, str], said: Mapping[int, str]) -> dict[str, Any]:
    """Accuracy, per-class precision, recall and support, and the confusion matrix.

    `truth` and `said` map example ids to labels; an example of which nothing was said counts as wrong, under
    the label "". Precision of a class that was never said, and recall of one that is not there, are null.
    """
    pairs = Counter((label, said.get(example_id, "")) for example_id, label in truth.items())
    there, spoken = Counter(truth.values()), Counter(said.get(example_id, "") for example_id in truth)
    right = sum(n for (label, guess), n in pairs.items() if label == guess)
    return {
        "n": len(truth),
        "correct": right,
        "accuracy": right / len(truth) if truth else None,
        "coverage": sum(1 for example_id in truth if example_id in said) / len(truth) if truth else None,
        "classes": {
            label: {
                "support": there[label],
                "recall": pairs[label, label] / there[label] if there[label] else None,
                "precision": pairs[label, label] / spoken[label] if spoken[label] else None,
            }
            for label in sorted({*there, *spoken} - {""})
        },
        "confusion": [[label, guess, n] for (label, guess), n in sorted(pairs.items())],
    }
