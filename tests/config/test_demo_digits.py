"""The demo's pictures: real scans, the same bytes every time, spread over the declared stores."""

import io
from collections import Counter

from PIL import Image

from config.demo import digits


def test_a_scan_becomes_the_same_picture_every_time() -> None:
    assert [digits.tag(index).png() for index in range(12)] == [
        digits.tag(index).png() for index in range(12)
    ]


def test_every_picture_is_a_small_png_of_one_size() -> None:
    sizes = {Image.open(io.BytesIO(digits.tag(index).png())).size for index in range(30)}
    assert sizes == {(digits.WIDTH, digits.HEIGHT)}


def test_a_key_is_enough_to_look_up_what_the_data_set_says() -> None:
    tags = [digits.tag(index) for index in range(10)]
    assert [tag.key for tag in tags[:2]] == ["digit-0000", "digit-0001"]
    assert [digits.true_label(tag.key) for tag in tags] == list("0123456789")


def test_every_store_has_its_share_of_the_scans_and_all_ten_digits() -> None:
    stores = Counter(digits.tag(index).store.slug for index in range(digits.count()))
    pairs = {(digits.tag(index).store.slug, digits.true_label(f"digit-{index}")) for index in range(600)}
    assert digits.count() == 1797
    assert set(stores) == {store.slug for store in digits.STORES}
    assert min(stores.values()) > 250
    assert len(pairs) == 60


def test_each_store_declares_another_distortion() -> None:
    assert sorted(digits.DISTORTIONS) == ["blur", "contrast", "glare", "noise", "none", "tilt"]
    assert str(digits.STORES[1]) == "Brook Lane: blur (2.2 pixels)"
    assert str(digits.STORES[0]) == "Alder Street: a clean picture"
