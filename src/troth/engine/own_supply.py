"""When an order's units could be there if they kept the supply that they have."""

from collections.abc import Sequence
from dataclasses import replace

from troth.engine.asked import demand_line
from troth.engine.failed import LeftOut
from troth.engine.promising.case import Case, case_of
from troth.engine.promising.context import Facts, State
from troth.engine.resource import demand_missing
from troth.engine.supply.overdue import is_counted_out
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.model.ids import Sku
from troth.model.inventory import Balance
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import ENDED
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.plan import Plan


def plan_own_supply(
    order: Order,
    work: Fulfillment,
    parts: Sequence[Allocation],
    state: State,
    facts: Facts,
    *,
    service: str | None = None,
) -> tuple[Case, Plan]:
    """The plan of parts of one fulfillment out of exactly the supplies that they are pegged to, by the same service or
    by another one; nothing can be planned out of what is overdue for too long.

    No rule is asked, and no capacity: their supply and their place in the node's days are theirs already.
    """
    kits = kits_of(order)
    broken = {part.line_id for part in parts if part.line_id in kits}
    kept = [
        part
        for part in order.allocations
        if part in parts
        or (part.line_id in broken and part.fulfillment_id == work.fulfillment_id and part.state not in ENDED)
    ]
    units = whole_units(kept, kits)
    demand = replace(
        demand_missing(order, facts, LeftOut()),
        lines=tuple(
            demand_line(line, units[line.line_id], facts) for line in order.lines if units.get(line.line_id, 0)
        ),
        service=work.service if service is None else service,
        ship_complete=False,
    )
    facts = replace(
        facts, network=replace(facts.network, limits=None), policy=replace(facts.policy, routing=None), prices=None
    )
    case = case_of(demand, _rows(kept, state, facts), facts)
    return case, case.plan()


def _rows(parts: Sequence[Allocation], state: State, facts: Facts) -> dict[Sku, SupplyRows]:
    """The supplies of parts with exactly their units, without those that nobody counts on any more."""
    found: dict[Sku, list[Balance]] = {part.sku: [] for part in parts}
    for part in parts:
        expected_at = state.balance(part.key).expected_at
        if not is_counted_out(expected_at, facts.now):
            found[part.sku].append(Balance(part.key, part.quantity, expected_at=expected_at))
    return {sku: rows_of(balances, facts.network) for sku, balances in found.items()}
