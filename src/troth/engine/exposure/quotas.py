"""Product allocations: how much a holder may still take in a period."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, assert_never

from troth.engine.exposure.asker import Asker
from troth.engine.exposure.compiled import Ready
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.item_rules import ItemRules
from troth.model.exposure import Draw, Period, ProductAllocation
from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass

PRODUCT_ALLOCATION: Final = "product_allocation"
"""The reason where a quota leaves a holder too little."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is counted, the most that it may come to, and what is left of that."""

    draw: Draw
    most: int
    left: int

    def sentence(self, told: Callable[[int], int | float]) -> str:
        """The quota in words, its units as they are told."""
        when = f" in {self.draw.period}" if self.draw.period else ""
        whom = self.draw.holder or "who is unknown"
        return f"allocation {self.draw.rule} leaves {whom} {told(self.left)} of {told(self.most)} units{when}"


def quotas_of(consumed: Consumed, rules: ItemRules, asker: Asker, sku: Sku) -> Iterable[Quota]:
    """The quotas that bind an asker for an item. Who is unknown (no customer, no class) is not counted, and may take a
    quota with each order.
    """
    for ready in rules.allocations:
        holder = asker.holder(ready.rule.by)
        most = ready.rule.holders.get(holder, ready.rule.units)
        if most is not None:
            draw = draw_of(ready, asker, sku, holder)
            yield Quota(draw, most, max(0, most - consumed.used(draw)) if holder else most)


def draw_of(ready: Ready[ProductAllocation], asker: Asker, sku: Sku, holder: str) -> Draw:
    """What an asker's units of an item are counted under."""
    rule = ready.rule
    period = period_of(rule.period, asker.wished_at.get(sku, asker.now))
    return Draw(ready.label, sku if rule.is_by_item else Sku(""), NodeId(""), holder, period)


def period_of(period: Period, at: datetime) -> str:
    """The name of the period of an instant (UTC).

    >>> at = datetime(2026, 12, 31, 23, tzinfo=UTC)
    >>> [period_of(period, at) for period in Period]
    ['2026-12-31', '2026-W53', '2026-12', '2026-Q4', '']
    """
    at = at.astimezone(UTC)
    match period:
        case Period.DAY:
            return f"{at:%Y-%m-%d}"
        case Period.WEEK:
            year, week, _ = at.isocalendar()
            return f"{year}-W{week:02}"
        case Period.MONTH:
            return f"{at:%Y-%m}"
        case Period.QUARTER:
            return f"{at:%Y}-Q{(at.month + 2) // 3}"
        case Period.ALWAYS:
            return ""
        case _:
            assert_never(period)
