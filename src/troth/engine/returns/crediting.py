"""What is credited for units: what they were paid with, by the rule of refunds, and never more than was paid."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from troth.engine.policies.return_rules import first_rule
from troth.engine.promising.context import Facts
from troth.engine.returns.asking import Asked, ground_of
from troth.engine.returns.returnable import Place, unit_places
from troth.engine.returns.worth import credited_so_far, paid_for, substitute_delta_minor, worth_of
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.kits import kits_of
from troth.model.measure import half_up, scale_of
from troth.model.order import Order
from troth.model.return_rules import RefundRule
from troth.model.returns import Credit, CreditKind

_BASIS: int = 10_000


class Crediting:
    """Credits made one after the other, each counting on those before it."""

    def __init__(self, order: Order, facts: Facts, by: str, at: datetime) -> None:
        self._order, self._facts, self._by, self._at = order, facts, by, at
        self._items: Mapping[Sku, Item] = facts.items
        self._kits = kits_of(order)
        self._scales = {line.line_id: scale_of(line.decimals) for line in order.lines}
        self._counted: dict[object, int] = {}
        self._by_place: dict[Place, int] = {}
        self._of_units: dict[object, int] = {}
        self._credited = credited_so_far(order)
        for one in order.returns:
            for credit in one.credits:
                if credit.kind is CreditKind.UNITS and credit.line_id is not None and credit.sku is not None:
                    place = (credit.line_id, credit.sku)
                    self._count(place, credit.quantity, credit.amount_minor + credit.fee_minor)

    def value_of(self, place: Place, quantity: int) -> int:
        """What units would be credited with next before any fee; nothing is counted."""
        pool = self._pool(place)
        # What all units are worth that are credited then, less what they were credited with: whatever was taken back.
        worth = worth_of(self._order, place, first=0, count=self._counted.get(pool, 0) + quantity, items=self._items)
        worth += self._deltas(pool) - self._of_units.get(pool, 0)
        worth += substitute_delta_minor(self._order, place, first=self._by_place.get(place, 0), count=quantity)
        return max(0, min(worth, self.left_of(place[0])))

    def left_of(self, line_id: LineId) -> int:
        """How much of what a line was paid with is not credited yet."""
        return paid_for(self._order, line_id, self._items) - self._credited.get(line_id, 0)

    def credit(self, asked: Asked) -> tuple[Credit, ...]:
        """The credits of units by the rule that holds for them; a whole kit is credited component by component."""
        rule = first_rule(self._facts.returns.refunds, ground_of(self._order, asked, self._facts))
        assert rule is not None  # the last one that is built in has no condition
        places = unit_places(self._order, asked.line_id, asked.sku, asked.quantity)
        return tuple(self._credit_units(place, count, rule, asked.reason) for place, count in places.items())

    def keep(self, line_id: LineId, sku: Sku, amount_minor: int, reason: str) -> Credit:
        """An amount for goods that the customer keeps; no more than is left of what their line was paid with."""
        amount = max(0, min(amount_minor, self.left_of(line_id)))
        self._credited[line_id] = self._credited.get(line_id, 0) + amount
        return Credit(CreditKind.KEPT, amount, self._at, self._by, line_id, sku, reason=reason)

    def take(self, place: Place, quantity: int) -> int:
        """What units are credited with next before any fee; they are counted."""
        value = self.value_of(place, quantity)
        self._count(place, quantity, value)
        self._credited[place[0]] = self._credited.get(place[0], 0) + value
        return value

    def _credit_units(self, place: Place, quantity: int, rule: RefundRule, reason: str) -> Credit:
        value = self.take(place, quantity)
        kept = value - _percent(value, rule.percent)
        fee = _percent(value, rule.fee_percent) + half_up(rule.fee_minor * quantity, self._scales[place[0]])
        fee = min(value, kept + fee)
        return Credit(
            CreditKind.UNITS, value - fee, self._at, self._by, *place, quantity=quantity, fee_minor=fee, reason=reason
        )

    def _count(self, place: Place, count: int, value_minor: int) -> None:
        pool = self._pool(place)
        self._counted[pool] = self._counted.get(pool, 0) + count
        self._of_units[pool] = self._of_units.get(pool, 0) + value_minor
        self._by_place[place] = self._by_place.get(place, 0) + count

    def _deltas(self, pool: object) -> int:
        """What substitutes among the credited units of a pool cost more."""
        return sum(
            substitute_delta_minor(self._order, place, first=0, count=count)
            for place, count in self._by_place.items()
            if self._pool(place) == pool
        )

    def _pool(self, place: Place) -> object:
        """Units of a line are cut together, whatever SKU they are; of a kit each component for itself."""
        return place if place[0] in self._kits else place[0]


def sum_minor(credits: Iterable[Credit]) -> int:
    """What credits come to (minor units)."""
    return sum(credit.amount_minor for credit in credits)


def _percent(amount_minor: int, percent: float) -> int:
    """So many percent of an amount, halves up; percents have at most two decimals.

    >>> _percent(1999, 12.5), _percent(1999, 100.0)
    (250, 1999)
    """
    return half_up(amount_minor * round(percent * 100), _BASIS)
