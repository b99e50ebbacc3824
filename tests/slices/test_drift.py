"""Drift: the formulas against SciPy, and slices against what they were."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from slices.definitions.actions import Definition
from slices.definitions.distances import deviation, jensen_shannon, normed_wasserstein, wasserstein
from slices.definitions.drifting import drift_of, spread_of, window_before
from slices.definitions.windows import bounds, checked_window
from slices.models import SliceVersion
from slices.snapshots.actions import freeze_now
from slices.snapshots.drifting import drift_since, stored
from teams.identity.refused import Refused
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, token
from tests.slices.test_definitions import ANY, version_of

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 500), min_size=1)
NUMBERS = st.dictionaries(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), st.integers(1, 500), min_size=1)


@given(p=COUNTS, q=COUNTS)
def test_the_distance_of_categories_is_scipys(p: Any, q: Any) -> None:
    names = sorted(p.keys() | q.keys())
    expected = jensenshannon([p.get(name, 0) for name in names], [q.get(name, 0) for name in names], base=2)
    assert jensen_shannon(p, q) == pytest.approx(float(expected), abs=1e-6)
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p))
    assert jensen_shannon(p, {name: n * 3 for name, n in p.items()}) == pytest.approx(0, abs=1e-6)


@given(p=NUMBERS, q=NUMBERS)
def test_the_distance_of_numbers_is_scipys(p: Any, q: Any) -> None:
    expected = wasserstein_distance(list(p), list(q), list(p.values()), list(q.values()))
    assert wasserstein(p, q) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    if deviation(p) > 0:
        assert normed_wasserstein(p, q) == pytest.approx(expected / deviation(p), rel=1e-6, abs=1e-6)


def test_two_that_have_nothing_in_common_are_as_far_apart_as_can_be() -> None:
    assert jensen_shannon({"a": 5}, {"b": 9}) == 1
    assert (normed_wasserstein({1.0: 5}, {1.0: 9}), normed_wasserstein({1.0: 5}, {2.0: 9})) == (0, 1)


@given(
    as_of=st.integers(946684800, 2840140800).map(lambda s: datetime.fromtimestamp(s, UTC)),
    window=st.sampled_from(
        [
            {"length": "30d"},
            {"length": "36h", "grace": "5h"},
            {"kind": "calendar", "unit": "week", "last": 4, "tz": "Europe/Berlin"},
            {"kind": "calendar", "unit": "month", "last": 1, "grace": "3d"},
        ]
    ),
)
def test_the_window_before_ends_where_the_window_begins(as_of: Any, window: Any) -> None:
    version = SliceVersion(window=checked_window({"clock": "captured_at", **window}))
    before = window_before(version, as_of)
    assert bounds(version.window, before)[1] == bounds(version.window, as_of)[0]


def fill(stream: Any, n: int, days: int, stores: str, weight: float, seed: int = 1) -> None:
    """Examples that happened so many days ago."""
    chance, at = random.Random(seed), timezone.now() - timedelta(days=days, hours=1)
    rows = []
    for i in range(n):
        store, said = chance.choice(stores), {"n1": round(chance.gauss(weight, 1), 2)}
        said |= {"confidence": min(1.0, abs(chance.gauss(0.8, 0.1))), "predicted": "3", "k1": store}
        attributes = {"store": store, "weight": said["n1"], "camera": f"c{chance.randrange(3)}"}
        key = f"{days}-{i}"
        rows.append(
            ExampleFactory.build(
                stream=stream, organization=stream.organization, key=key, split_key=key, captured_at=at,
                ingested_at=at, attributes=attributes, **said,
            )
        )  # fmt: skip
    stream.organization.examples.bulk_create(rows)


WINDOW = {"clock": "captured_at", "length": "10d"}


@pytest.mark.django_db
def test_a_window_is_held_against_the_one_before() -> None:
    stream = StreamFactory()
    fill(stream, 400, 12, "aabc", 5, seed=1)
    fill(stream, 300, 2, "abbb", 6, seed=2)
    version = version_of(stream, Definition(labels="any", splits=ANY.splits, window=WINDOW))
    found = {one.name: one for one in drift_of(version, timezone.now()).dimensions}
    assert {name: one.level for name, one in found.items()} == {
        "store": "drift", "weight": "drift", "camera": "none", "prediction": "none", "label": "none",
        "confidence": found["confidence"].level,
    }  # fmt: skip
    assert (found["store"].measure, found["store"].n_reference, found["store"].n_current) == (
        "jensen_shannon",
        400,
        300,
    )
    assert found["store"].moved[0].value == "b"
    assert found["weight"].distance == pytest.approx(1, abs=0.15), "one standard deviation"
    assert found["confidence"].distance == pytest.approx(0, abs=0.2)


@pytest.mark.django_db
def test_too_few_rows_say_nothing() -> None:
    stream = StreamFactory()
    fill(stream, 200, 12, "a", 5)
    fill(stream, 199, 2, "b", 9)
    version = version_of(stream, Definition(labels="any", splits=ANY.splits, window=WINDOW))
    found = drift_of(version, timezone.now())
    assert {(one.level, one.distance) for one in found.dimensions} == {("few", None)}
    growing = version_of(stream, ANY, "growing")
    with pytest.raises(Refused) as refusal:
        drift_of(growing, timezone.now())
    assert refusal.value.code == "no_window_before"
    before = timezone.now() - timedelta(days=5)
    assert next(one.n_reference for one in drift_of(growing, timezone.now(), before).dimensions) == 200


@pytest.mark.django_db(transaction=True)
def test_a_slice_is_held_against_what_was_stored_with_a_snapshot(api: Any) -> None:
    stream = StreamFactory(project=ProjectFactory(slug="digits"))
    fill(stream, 250, 12, "aabc", 5)
    version = version_of(stream, Definition(labels="any", splits=("train",)))
    as_of = timezone.now()
    snapshot = freeze_now(slice_version=version, role="train", as_of=as_of, by=None)
    same = {name: one.counts for name, one in spread_of(version, as_of).histograms.items()}
    kept = stored(snapshot)
    assert set(kept) == {"label", "store", "weight", "camera"}
    assert kept["store"].counts == same["store"]
    assert kept["weight"].counts == same["weight"]
    assert {one.distance for one in drift_since(snapshot, as_of).dimensions} == {0}
    fill(stream, 750, 2, "c", 5, seed=3)
    found = drift_since(snapshot, timezone.now()).dimensions
    assert [(one.name, one.level) for one in found if one.level != "none"] == [("store", "drift")]
    script = api(token(stream.organization, stream.project)[1])
    told = script.get(f"/api/v1/snapshots/{snapshot.pk}/drift").json()
    assert (told["dimensions"][0]["name"], told["dimensions"][0]["level"]) == ("store", "drift")
    url = "/api/v1/projects/digits/slices/all/drift"
    refused = script.get(url)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_window_before")
    since = (timezone.now() - timedelta(days=5)).isoformat().replace("+00:00", "Z")
    assert script.get(f"{url}?reference={since}").json()["dimensions"][0]["name"] == "store"
