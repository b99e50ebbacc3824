"""What a person signs: the decision with everything it rests on, as one hash."""

from __future__ import annotations

import hashlib
import json

from slices.gates.models import Decision


def signed_sha256(decision: Decision, stage: str) -> str:
    """SHA-256 over the model, the evaluation's manifest, the decision clause by clause, and the stage.

    Canonical JSON: sorted keys, no spaces, UTF-8. Anybody with these values can compute it again.
    """
    model = decision.model_version
    signed = {
        "model": {"name": model.name, "version": model.version, "digest": model.digest},
        "evaluation": {
            "manifest_sha256": decision.evaluation.snapshot.manifest_sha256,
            "results_sha256": decision.evaluation.results_sha256,
        },
        "gate": {"id": decision.gate_id, "version": decision.gate_version},
        "decision": {"id": decision.pk, "outcome": decision.outcome, "clauses": decision.clauses},
        "stage": stage,
    }
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
