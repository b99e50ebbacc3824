"""The demo's data: 1,797 real scans of handwritten digits, printed on the shelf tags of six simulated stores."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from sklearn.datasets import load_digits

WIDTH, HEIGHT = 96, 64
INK = (38, 36, 44)
DIGIT = (40, 8)  # upper left corner of the digit on the tag
SCALE = 6  # a scan is 8 x 8

Effect = Callable[[Image.Image, float, np.random.Generator], Image.Image]


@dataclass(frozen=True)
class Store:
    """A simulated store: how its camera spoils the picture, declared beforehand and the same for all tags."""

    slug: str
    name: str
    distortion: str
    strength: float
    unit: str
    paper: tuple[int, int, int]

    def __str__(self) -> str:
        if self.distortion == "none":
            return f"{self.name}: a clean picture"
        return f"{self.name}: {self.distortion} ({self.strength:g} {self.unit})"


STORES = (
    Store("alder", "Alder Street", "none", 0, "", (250, 247, 238)),
    Store("brook", "Brook Lane", "blur", 2.2, "pixels", (250, 240, 205)),
    Store("cedar", "Cedar Square", "tilt", 18, "degrees either way", (236, 246, 250)),
    Store("dune", "Dune Road", "contrast", 0.3, "of the full range", (246, 238, 246)),
    Store("ember", "Ember Court", "glare", 0.85, "of white at its middle", (252, 235, 225)),
    Store("fjord", "Fjord Market", "noise", 45, "grey levels, standard deviation", (238, 248, 236)),
)
DISTORTIONS = tuple(store.distortion for store in STORES)


@dataclass(frozen=True)
class Tag:
    """One scan as it hangs on a shelf: where, and what it really says."""

    index: int
    store: Store

    @property
    def key(self) -> str:
        """The key under which it arrives."""
        return f"digit-{self.index:04d}"

    def png(self) -> bytes:
        """The picture that the store's camera takes; the same bytes every time."""
        picture = distort(printed(self.index, self.store.paper), self.store, self.index)
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()


def count() -> int:
    """How many scans there are."""
    return len(scans().target)


def tag(index: int) -> Tag:
    """The tag of one scan; its store is drawn by a hash, so that no store has digits of its own."""
    drawn = hashlib.sha256(f"store of {index}".encode()).digest()[0]
    return Tag(index, STORES[drawn % len(STORES)])


def true_label(key: str) -> str:
    """What the data set says of an example, found by its key alone."""
    return str(int(scans().target[int(key.removeprefix("digit-"))]))


@cache
def scans() -> Any:
    """scikit-learn's copy of the UCI test set: `images` (1797, 8, 8) of 0..16, `target` of 0..9."""
    return load_digits()


def printed(index: int, paper: tuple[int, int, int]) -> Image.Image:
    """The tag before any camera: a border, a currency mark, and the digit as it was written."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), paper)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((1, 1, WIDTH - 2, HEIGHT - 2), radius=6, outline=INK, width=2)
    euro(draw)
    side = 8 * SCALE
    coverage = Image.fromarray((scans().images[index] * 255 / 16).astype(np.uint8))
    picture.paste(INK, DIGIT, coverage.resize((side, side), Image.Resampling.BICUBIC))
    return picture


def euro(draw: ImageDraw.ImageDraw) -> None:
    """A currency mark, drawn from strokes so that no font is needed."""
    draw.arc((14, 22, 32, 44), 50, 310, fill=INK, width=3)
    draw.line((10, 30, 24, 30), fill=INK, width=2)
    draw.line((10, 36, 23, 36), fill=INK, width=2)


def distort(picture: Image.Image, store: Store, index: int) -> Image.Image:
    """The picture as this store's camera takes it; chance is seeded by the index of the scan."""
    return EFFECTS[store.distortion](picture, store.strength, np.random.default_rng(index))


def clean(picture: Image.Image, strength: float, chance: np.random.Generator) -> Image.Image:
    """Nothing in the way."""
    return picture


def blur(picture: Image.Image, strength: float, chance: np.random.Generator) -> Image.Image:
    """Out of focus, by a Gaussian of this radius in pixels."""
    return picture.filter(ImageFilter.GaussianBlur(strength))


def tilt(picture: Image.Image, strength: float, chance: np.random.Generator) -> Image.Image:
    """Hung askew by up to so many degrees either way."""
    angle = chance.uniform(-strength, strength)
    return picture.rotate(angle, Image.Resampling.BICUBIC, fillcolor=picture.getpixel((4, 4)))


def contrast(picture: Image.Image, strength: float, chance: np.random.Generator) -> Image.Image:
    """Dim light: grey levels squeezed to this share of their range, around the middle."""
    return picture.point(lambda level: 128 + (level - 128) * strength)


def glare(picture: Image.Image, strength: float, chance: np.random.Generator) -> Image.Image:
    """A lamp mirrored somewhere on the digit, white by this share at its middle."""
    x, y = chance.uniform(48, 80), chance.uniform(14, 50)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = strength * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 11.0**2))
    mask = Image.fromarray((light * 255).astype(np.uint8))
    return Image.composite(Image.new("RGB", picture.size, "white"), picture, mask)


def noise(picture: Image.Image, strength: float, chance: np.random.Generator) -> Image.Image:
    """A cheap sensor: each pixel off by a normal of this standard deviation, in grey levels."""
    off = chance.normal(0, strength, (HEIGHT, WIDTH, 1))
    return Image.fromarray((np.asarray(picture) + off).clip(0, 255).astype(np.uint8))


EFFECTS: dict[str, Effect] = {
    "none": clean,
    "blur": blur,
    "tilt": tilt,
    "contrast": contrast,
    "glare": glare,
    "noise": noise,
}
