"""Who asks for stock, as exposure rules see them: class, channel, method, and what is not shown to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.exposure.compiled import NO_CLASS, CompiledExposure
from troth.engine.exposure.item_rules import Mask
from troth.engine.rules.ground import Ground
from troth.engine.rules.masks import applies, speaks
from troth.model.exposure import Holder
from troth.model.ids import Sku
from troth.model.order import Method
from troth.model.plan import Demand
from troth.model.value import dataclass

_SENT: Final = frozenset({Method.SHIP, Method.DELIVERY})


@dataclass(frozen=True, slots=True, eq=False)
class Asker:
    """Somebody at an instant. `pickup` is the position of the node that hands over (-1: none), `spared` are the labels
    of exclusions that do not speak to them, `wished_at` when each SKU is wanted, where that is not now.
    """

    channel: str
    customer_id: str
    class_name: str
    rank: int
    method: Method
    pickup: int
    now: datetime
    spared: frozenset[str]
    wished_at: Mapping[Sku, datetime]

    def holder(self, by: Holder) -> str:
        """Whose quota they draw from; empty where they are nobody's."""
        match by:
            case Holder.CUSTOMER:
                return self.customer_id
            case Holder.CLASS:
                return self.class_name
            case _:
                return self.channel

    def uses(self, methods: tuple[str, ...], nodes: int) -> Mask:
        """The nodes at which they would use one of these methods; no methods are all. What is picked up elsewhere than
        it lies is shipped there first.
        """
        if not methods:
            return True
        own = self.method.value in methods
        if self.method in _SENT or self.pickup < 0:
            return own
        mask = np.full(nodes, Method.SHIP.value in methods)
        mask[self.pickup] = own
        return mask


def asker_of(rules: CompiledExposure, demand: Demand, network: Network, currency: str, now: datetime) -> Asker:
    """Whoever asks for a demand. A class whose condition cannot be evaluated is not theirs; an exclusion whose
    condition cannot be evaluated speaks to them.
    """
    class_name, rank, spared = "", NO_CLASS, frozenset[str]()
    asked = [one for one in rules.exclusions if one.when is not None]
    if rules.classes or asked:
        ground = Ground(demand, {}, network, currency=currency, now=now)
        found = next((one.demand_class for one in rules.classes if applies(one.when, ground)), None)
        if found is not None:
            class_name, rank = found.name, found.rank
        spared = frozenset(one.label for one in asked if not speaks(one.when, ground))
    pickup = network.hands_over_from(demand.pickup_node)
    return Asker(
        demand.channel, demand.customer_id, class_name, rank, demand.method, pickup, now, spared, _wishes(demand)
    )


def names_class(rules: CompiledExposure, customer_class: str) -> bool:
    """Whether a condition that counts has a customer class in quotes."""
    asked = [one.demand_class.when for one in rules.classes] + [one.rule.when for one in rules.exclusions]
    return any(f"{quote}{customer_class}{quote}" in when for when in asked for quote in ("'", '"'))


def _wishes(demand: Demand) -> dict[Sku, datetime]:
    """When what is not wanted now is wanted, by SKU: the earliest of its lines. What is promised says nothing of it."""
    wished: dict[Sku, datetime] = {}
    for line in demand.lines:
        at = line.not_before or (None if line.is_promised else line.need_by)
        if at is not None and (line.sku not in wished or at < wished[line.sku]):
            wished[line.sku] = at
    return wished
