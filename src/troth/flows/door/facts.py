"""What a decision knows: the reference data, and everything that is in force at its instant.

What is only tried is decided from the same as what is written, so that both end alike.
"""

from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from types import MappingProxyType
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.promising.ahead import Ahead
from troth.engine.promising.context import Facts
from troth.engine.supply.unit_prices import UnitPrices
from troth.flows.memory.reference import Reference
from troth.model.ids import OrderId
from troth.model.policy import Policy

NOTHING_AHEAD: Final[Mapping[OrderId, Ahead]] = MappingProxyType({})


def facts_of(
    reference: Reference,
    now: datetime,
    actor: str,
    policy: Policy,
    prices: UnitPrices | None,
    *,
    network: Network | None = None,
    ahead: Mapping[OrderId, Ahead] = NOTHING_AHEAD,
) -> Facts:
    """The facts of a decision that `actor` asks for; the `network` where it is to be another one than the current;
    `ahead` is what was planned already."""
    return Facts(
        now,
        actor,
        reference.network if network is None else network,
        reference.items,
        policy,
        prices=prices,
        exposure=reference.exposure_at(now),
        clock=monotonic,
        holds=reference.holds_at(now),
        providers=reference.providers,
        release=reference.release_at(now),
        returns=reference.return_policy_at(now),
        work=reference.work_at(now),
        guides=reference.guides,
        ahead=ahead,
    )
