"""What the demo says at its start and at its end."""

from __future__ import annotations

from collections.abc import Sequence

from config.demo.cast import PARTS, PASSWORD
from config.demo.digits import STORES
from config.demo.table import Row, sentences, table
from config.demo.world import AUDIT_PERCENT, HARD_BELOW, LEAST_ACCURACY, MARGIN, TEST_UNTIL, World


def greeting(world: World, address: str, tokens: str) -> str:
    """Where everything is, who can sign in, the token, and what is simulated. `tokens` is the file of the tokens."""
    places = {
        "sign in here": "/",
        "the organization": f"/o/{world.organization.slug}/",
        "the managers' desk": "/admin/",
        "the API": "/api/v1/docs/",
    }
    lines = [f"  {address}{path:<16}{what}" for what, path in places.items()]
    people = [f"  {part.email:<26}{part.name}, {part.role}" for part in PARTS]
    return "\n".join(
        [
            *lines,
            "",
            f"Everybody's password is {PASSWORD}. Everybody can read it here, so these accounts are for play alone.",
            *people,
            "",
            f"The pipeline's token, kept in {tokens}:",
            f"  {world.pipeline_token}",
        ]
    )


def introduction() -> str:
    """What is real in the play, what is not, and what was settled beforehand."""
    return "\n".join(
        [
            "The digits are 1,797 real scans (scikit-learn's copy of the UCI test set). The stores they hang in are",
            "simulated, and so are the people, who answer with the data set's own labels and make no mistakes:",
            *(f"  {store}" for store in STORES),
            f"{TEST_UNTIL / 100:.0f} % of what arrives is never trained on; people label {AUDIT_PERCENT:.0f} % of that,"
            " drawn by lot, to measure models.",
            f"Of the rest they label what the newest model is less than {HARD_BELOW * 100:.0f} % sure of. A control",
            "model gets as many labels, drawn by lot. To pass the gate, the lower bound of a model's accuracy must",
            f"reach {LEAST_ACCURACY * 100:.0f} %, and it must not be over {MARGIN * 100:.0f} points worse than the one",
            "in use.",
        ]
    )


def ending(rows: Sequence[Row], page: str) -> str:
    """The table, what it says of choosing, and where the same stands as a page."""
    if not rows:
        return "No round has ended yet."
    return "\n".join(
        [
            table(rows),
            "",
            "Accuracy is measured on held-out examples drawn by lot; “by chance” is the control model, trained on",
            "as many labels that were drawn by lot. All of it is read from the database.",
            "",
            *sentences(rows),
            "",
            f"The same as a page: {page}",
        ]
    )
