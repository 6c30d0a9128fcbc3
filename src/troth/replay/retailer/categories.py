"""What the sample retailer sells: its categories with their words, prices, weights and sizes, out of `categories.csv`.

Every brand is invented.
"""

import csv
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A size of a style: what it is called, and its price and weight as multiples of the style's."""

    label: str
    price: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Category:
    """A part of the catalog, and what its styles are drawn from.

    `share` is its weight in the number of SKUs, `price` in whole units of currency, `margin` a fraction of the price,
    `box_mm` that of a typical item, `seasons` the weights of `SEASONS`, `drop_ship` what fraction only vendors hold.
    `nouns` go from the smallest and cheapest thing to the largest and dearest. `hs_code` is its tariff number.
    """

    name: str
    code: str
    share: float
    price: tuple[float, float]
    margin: tuple[float, float]
    grams: tuple[float, float]
    box_mm: tuple[int, int, int]
    sizes: tuple[Size, ...]
    brands: tuple[str, ...]
    seasons: tuple[int, ...]
    drop_ship: float
    nouns: tuple[str, ...]
    hs_code: str


SEASONS: Final = ("all_year", "spring", "summer", "fall", "winter")

ADJECTIVES: Final = (
    "Alder", "Aspen", "Backwater", "Basin", "Cairn", "Cascade", "Copper", "Drift", "Driftwood", "Evergreen",
    "Firelight", "Foxglove", "Granite", "Harbor", "Heron", "Hollow", "Juniper", "Larkspur", "Lichen", "Meadow",
    "Moraine", "Northlight", "Outrider", "Overlook", "Quarry", "Ridgeline", "Riverstone", "Sagebrush", "Saltmarsh",
    "Summit", "Switchback", "Talus", "Timberline", "Trailhead", "Wayfarer", "Windward",
)  # fmt: skip

COLORS: Final = ("Moss", "Ink", "Clay", "Sand", "Slate", "Rust", "Bone", "Fern", "Plum", "Ochre", "Mist", "Charcoal")

_BRANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "technical": ("Brackenholt", "Skerrow", "Tarnlight", "Wyndlass"),
    "wear": ("Brackenholt", "Corriemoor", "Duskfen", "Wyndlass"),
    "home": ("Brackenholt", "Hallowmere", "Pinewick", "Emberlode"),
}

_SIZES: Final[Mapping[str, tuple[Size, ...]]] = {
    "one": (Size(""),),
    "worn": tuple(Size(label, 1, 0.9 + 0.05 * step) for step, label in enumerate(("XS", "S", "M", "L", "XL", "XXL"))),
    "shoes": tuple(Size(str(number), 1, 1 + 0.03 * (number - 10)) for number in range(6, 14)),
    "socks": (Size("S", 1, 0.9), Size("M"), Size("L", 1, 1.1)),
    "people": (Size("1P", 0.8, 0.7), Size("2P"), Size("3P", 1.25, 1.3), Size("4P", 1.5, 1.7)),
    "liters": (Size("20L", 0.7, 0.6), Size("35L"), Size("50L", 1.3, 1.4), Size("65L", 1.5, 1.7)),
    "bottles": (Size("0.5L", 0.85, 0.75), Size("0.75L"), Size("1L", 1.2, 1.2)),
    "lengths": (Size("Regular"), Size("Long", 1.1, 1.1)),
    "beds": (Size("Twin", 0.75, 0.7), Size("Full", 0.9, 0.85), Size("Queen"), Size("King", 1.2, 1.2)),
}


def _read_categories() -> tuple[Category, ...]:
    lines = files("troth.replay.retailer").joinpath("categories.csv").read_text(encoding="utf-8").splitlines()
    return tuple(_parsed(row) for row in csv.DictReader(lines))


def _parsed(row: Mapping[str, str]) -> Category:
    return Category(
        name=row["name"],
        code=row["code"],
        share=float(row["share"]),
        price=(float(row["price_min"]), float(row["price_max"])),
        margin=(float(row["margin_min"]), float(row["margin_max"])),
        grams=(float(row["grams_min"]), float(row["grams_max"])),
        box_mm=(int(row["length_mm"]), int(row["width_mm"]), int(row["height_mm"])),
        sizes=_SIZES[row["sizes"]],
        brands=_BRANDS[row["brands"]],
        seasons=tuple(int(weight) for weight in row["seasons"].split()),
        drop_ship=float(row["drop_ship"]),
        nouns=tuple(row["nouns"].split("|")),
        hs_code=row["hs_code"],
    )


CATEGORIES: Final = _read_categories()

DROP_SHIP_CATEGORIES: Final = tuple(category.name for category in CATEGORIES if category.drop_ship)
