"""The catalog of the sample retailer: styles by category, in colors and sizes, and how well each SKU sells."""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.customs import HS_CODE, ORIGIN
from troth.model.ids import Sku
from troth.model.item import Item
from troth.replay.retailer.categories import ADJECTIVES, CATEGORIES, COLORS, SEASONS, Category, Size
from troth.replay.retailer.gtin import example_gtin

_ORIGINS: Final = ("VN", "CN", "PT", "IN", "US", "MX")
"""Where styles are made, one after the other."""

BULKY_GRAMS: Final = 20_000
BULKY_SIDE_MM: Final = 1_200
_SEASON_OF_MONTH: Final = ("winter",) * 2 + ("spring",) * 3 + ("summer",) * 3 + ("fall",) * 3 + ("winter",)


def make_items(count: int, *, colors_max: int, generator: np.random.Generator) -> tuple[Item, ...]:
    """Exactly `count` items, by category; each style comes in one to `colors_max` colors and all of its sizes."""
    items: list[Item] = []
    for category, wanted in zip(CATEGORIES, _shares(count), strict=True):
        made = _category_items(category, colors_max, generator)
        items.extend(next(made) for _ in range(wanted))
    return tuple(_numbered(item, number) for number, item in enumerate(items))


def make_popularity(items: Sequence[Item], *, today: date, generator: np.random.Generator) -> NDArray[np.float64]:
    """Each item's share of the demand, (items,), adding up to one.

    Falls with the rank as Zipf's law says, a little flatter; what is in season sells double, what is not a fourth.
    """
    ranks = generator.permutation(len(items))
    season = _SEASON_OF_MONTH[today.month - 1]
    factors = dict.fromkeys(SEASONS, 0.25) | {"all_year": 1.0, season: 2.0}
    weights = 1.0 / (ranks + 5.0) ** 0.85 * np.array([factors[item.attributes["season"]] for item in items])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def is_bulky(item: Item) -> bool:
    """Whether an item is too heavy or too long for a parcel belt."""
    return item.weight_grams >= BULKY_GRAMS or max(item.dimensions_mm) >= BULKY_SIDE_MM


def is_drop_ship_only(item: Item) -> bool:
    """Whether only vendors hold an item."""
    return item.attributes["supply"] == "drop_ship"


def _shares(count: int) -> list[int]:
    """`count` in whole numbers by the categories' shares: rounded down, and the rest to the largest remainders."""
    total = sum(category.share for category in CATEGORIES)
    exact = [count * category.share / total for category in CATEGORIES]
    whole = [math.floor(number) for number in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    for index in by_remainder[: count - sum(whole)]:
        whole[index] += 1
    return whole


def _category_items(category: Category, colors_max: int, generator: np.random.Generator) -> Iterator[Item]:
    """The items of a category, style by style, as long as there are names for new styles."""
    names = [
        (brand, adjective, noun) for brand in category.brands for adjective in ADJECTIVES for noun in category.nouns
    ]
    for style, index in enumerate(generator.permutation(len(names)), start=1):
        yield from _style_items(category, names[index], style, colors_max, generator)


def _style_items(
    category: Category, name: tuple[str, str, str], style: int, colors_max: int, generator: np.random.Generator
) -> Iterator[Item]:
    brand, adjective, noun = name
    size_rank = category.nouns.index(noun)
    price = _between(category.price, (size_rank + generator.random()) / len(category.nouns))
    grams = _between(category.grams, (size_rank + generator.random()) / len(category.nouns))
    margin = category.margin[0] + (category.margin[1] - category.margin[0]) * generator.random()
    scale = math.sqrt(grams / math.sqrt(category.grams[0] * category.grams[1]))
    season = str(generator.choice(SEASONS, p=np.array(category.seasons) / sum(category.seasons)))
    supply = "drop_ship" if generator.random() < category.drop_ship else "own"
    colors = generator.permutation(len(COLORS))[: generator.integers(1, colors_max + 1)]
    for color in (COLORS[index] for index in colors):
        for size in category.sizes:
            price_minor = _price_minor(price * size.price)
            yield Item(
                sku=Sku("-".join(filter(None, (category.code, f"{style:04d}", color[:3].upper(), size.label.upper())))),
                name=", ".join(filter(None, (f"{brand} {adjective} {noun}", color, size.label))),
                category=category.name,
                price_minor=price_minor,
                cost_minor=round(price_minor * (1 - margin)),
                weight_grams=max(20, round(grams * size.weight)),
                dimensions_mm=_box(category, scale, size),
                attributes={
                    "brand": brand,
                    "style": f"{category.code}-{style:04d}",
                    "color": color,
                    "season": season,
                    "supply": supply,
                    HS_CODE: category.hs_code,
                    ORIGIN: _ORIGINS[style % len(_ORIGINS)],
                }
                | ({"size": size.label} if size.label else {}),
            )


def _box(category: Category, scale: float, size: Size) -> tuple[int, int, int]:
    length, width, height = (max(10, round(side * scale * math.sqrt(size.weight))) for side in category.box_mm)
    return length, width, height


def _numbered(item: Item, number: int) -> Item:
    return Item(
        sku=item.sku,
        name=item.name,
        category=item.category,
        price_minor=item.price_minor,
        cost_minor=item.cost_minor,
        weight_grams=item.weight_grams,
        dimensions_mm=item.dimensions_mm,
        gtin=example_gtin(number),
        attributes=item.attributes,
    )


def _between(bounds: tuple[float, float], level: float) -> float:
    """The value at a level of 0 to 1 between two bounds, by equal ratios."""
    low, high = bounds
    return float(low * (high / low) ** level)


def _price_minor(price: float) -> int:
    """A price as shops write it, in cents.

    >>> _price_minor(18.2), _price_minor(63.7), _price_minor(402.0)
    (1795, 6400, 39900)
    """
    if price < 40:
        return math.floor(price) * 100 + 95 if price - math.floor(price) > 0.5 else math.floor(price) * 100 - 5
    if price < 150:
        return round(price) * 100
    return round(price / 10) * 1000 - 100
