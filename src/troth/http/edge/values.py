"""Values that many answers share: money, windows of time, and how they are made."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated

import msgspec

from troth.model.money import Money

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class MoneyAnswer(msgspec.Struct, frozen=True):
    """An amount of money as decimal text, and its ISO 4217 currency."""

    amount: str
    currency: str


class CostAnswer(msgspec.Struct, frozen=True):
    """The fully loaded cost to serve, and the named parts that it is the sum of, in the same currency."""

    amount: str
    currency: str
    parts: dict[str, str]


class Window(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """From when until when something is promised."""

    from_: Instant
    to: Instant


@lru_cache(maxsize=65_536)
def amount(minor: int, currency: str) -> str:
    """Minor units as decimal text; remembered, since prices and costs come again and again."""
    return Money(minor, currency).amount


def money(minor: int, currency: str) -> MoneyAnswer:
    """An amount in minor units as it is answered."""
    return MoneyAnswer(amount(minor, currency), currency)


def cost(parts: Mapping[str, int], currency: str) -> CostAnswer:
    """A cost in minor units by part as it is answered."""
    return CostAnswer(
        amount(sum(parts.values()), currency),
        currency,
        {name: amount(minor, currency) for name, minor in parts.items()},
    )


def total(costs: list[Mapping[str, int]]) -> dict[str, int]:
    """Costs added up part by part."""
    sums: dict[str, int] = {}
    for parts in costs:
        for name, minor in parts.items():
            sums[name] = sums.get(name, 0) + minor
    return sums


def centimeters(size_mm: tuple[int, int, int]) -> tuple[float, float, float]:
    """Length, width and height in centimeters."""
    length, width, height = size_mm
    return length / 10, width / 10, height / 10
