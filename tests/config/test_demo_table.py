"""The table at the end of the play says what happened, also where the choice lost."""

import json
from dataclasses import replace
from pathlib import Path

from config.demo.table import KEYS, Row, sentences, table, write_json

ROW = Row(
    round=0,
    examples=300,
    labels=225,
    snapshot_sha256="3fa81c2b9e04" + "0" * 52,
    accuracy=0.9,
    accuracy_random_labels=0.9,
    gate="pass",
    stage="internal_recommendation",
)
LOST = replace(ROW, round=1, examples=1200, accuracy=0.9, accuracy_random_labels=0.925, gate="inconclusive")
WON = replace(ROW, round=2, accuracy=0.95, stage="production")


def test_the_columns_line_up() -> None:
    assert table([ROW, LOST]).splitlines() == [
        "round  examples  labels  snapshot      accuracy  by chance  gate          stage",
        "    0       300     225  3fa81c2b9e04    90.0 %     90.0 %  pass          internal recommendation",
        "    1     1,200     225  3fa81c2b9e04    90.0 %     92.5 %  inconclusive  internal recommendation",
    ]


def test_what_is_not_known_is_a_dash() -> None:
    unknown = replace(ROW, accuracy=None, accuracy_random_labels=None, gate=None, stage=None)
    assert table([unknown]).splitlines()[1].split() == ["0", "300", "225", "3fa81c2b9e04", "-", "-", "-", "-"]


def test_each_round_that_chance_won_has_its_sentence() -> None:
    assert sentences([ROW, LOST, WON]) == [
        "Round 1: chance did better. The model from 225 randomly chosen labels reached 92.5 %, "
        "the one from the hard cases 90.0 %.",
        "Choosing the hard cases did better in 1 round, chance in 1 round; 1 even.",
    ]


def test_the_file_is_a_list_of_rounds_with_exactly_these_keys(tmp_path: Path) -> None:
    write_json([ROW, LOST], tmp_path / "rounds.json")
    data = json.loads((tmp_path / "rounds.json").read_text())
    assert [list(row) for row in data] == [list(KEYS), list(KEYS)]
    assert data[0]["accuracy"] == 0.9
