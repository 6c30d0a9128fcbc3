"""Everything that one plan depends on, as a value: what can be planned, planned otherwise, and planned again later."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b

from troth.engine.carriage.load_shares import shares_used
from troth.engine.carriage.network import Network
from troth.engine.demand.budget import Budget, Clock
from troth.engine.demand.shelf_life import fresh_supply
from troth.engine.promising.answer import Answer
from troth.engine.promising.context import Facts
from troth.engine.promising.kept_back import with_reasons_kept
from troth.engine.promising.promise import plan
from troth.engine.promising.record import record
from troth.engine.rules.compiled import compiled_routing
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import NO_COST_RATES
from troth.model.ids import NodeId, Sku
from troth.model.plan import Demand, Plan, Trace
from troth.model.policy import Policy
from troth.model.recording import Recording
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """The inputs of a plan, and the `clock` by which it is cut short (None: work is counted)."""

    demand: Demand
    supply: Mapping[Sku, SupplyRows]
    network: Network
    policy: Policy
    now: datetime
    prices: UnitPrices | None = None
    loads: Mapping[NodeId, float] | None = None
    clock: Clock | None = None

    def plan(self, budget: Budget | None = None, *, by: Answer | None = None) -> Plan:
        """The engine's answer to these inputs, within a budget (None: the policy's); `by` answers each question of it
        (None: the engine).
        """
        found = plan(
            self.demand,
            self.supply,
            self.network,
            self.policy,
            self.now,
            prices=self.prices,
            loads=self.loads,
            budget=self.budget() if budget is None else budget,
            by=by,
        )
        return with_reasons_kept(found, self.demand, self.supply) if found.uncovered else found

    def budget(self) -> Budget:
        """What a decision may spend; that a routing is compiled first does not count."""
        if self.policy.routing is not None:
            compiled_routing(self.policy.routing)
        return Budget(self.policy.decision_seconds_max, self.clock)


def case_of(demand: Demand, supply: Mapping[Sku, SupplyRows], facts: Facts) -> Case:
    """The case of a demand with what is known now; how busy nodes are is looked up where the policy asks."""
    loads = facts.loads
    if loads is None and _looks_at_load(facts.policy):
        loads = shares_used(facts.network, facts.now)
    there = fresh_supply(supply, facts.now.timestamp())
    return Case(demand, there, facts.network, facts.policy, facts.now, facts.prices, loads, facts.clock)


def _looks_at_load(policy: Policy) -> bool:
    if policy.cost_rates.load_minor:
        return True
    return policy.routing is not None and compiled_routing(policy.routing).looks_at_load


def digest_case(case: Case) -> str:
    """The name of all that a plan depends on: equal inputs have equal digests, in whatever order their rows come."""
    demand = case.demand
    lines = tuple(
        replace(line, need_by=_moment(line.need_by), not_before=_moment(line.not_before)) for line in demand.lines
    )
    plain = replace(demand, lines=lines, excluded_nodes=frozenset(), excluded_items=frozenset())
    asked = repr((plain, sorted(demand.excluded_nodes), sorted(demand.excluded_items), case.policy))
    return _digest(case, _recorded(case, with_levels=True), asked)


def kept_trace(case: Case, trace: Trace, asked: str) -> Trace:
    """The trace as it is kept with a decision: with what the plan saw, and the name of its inputs.

    `asked` names the demand: the digest of an order's content, and what became of it since.
    """
    recorded = _recorded(case, with_levels=_looks_at_levels(case))
    return replace(trace, recording=recorded, input_digest=_digest(case, recorded, asked))


def _looks_at_levels(case: Case) -> bool:
    """Whether it can matter how much more than what is asked for a node has."""
    policy = case.policy
    if case.prices is not None or policy.cost_rates is not NO_COST_RATES:
        return True
    return policy.routing is not None and compiled_routing(policy.routing).looks_at_stock


def _recorded(case: Case, *, with_levels: bool) -> Recording:
    routing = case.policy.routing
    compiled = None if routing is None else compiled_routing(routing)
    return record(
        case.demand,
        case.supply,
        case.network,
        loads=case.loads,
        with_levels=with_levels,
        with_feeds=compiled is not None and compiled.looks_at_feeds,
        with_work=case.policy.cost_rates.looks_at_work or (compiled is not None and compiled.looks_at_work),
    )


def _digest(case: Case, recorded: Recording, asked: str) -> str:
    digest = blake2b(asked.encode(), digest_size=16)
    prices = case.prices.version if case.prices else ""
    digest.update(f"{case.policy.version} {prices} {case.now.timestamp()!r} {recorded.network}".encode())
    for line in case.demand.lines:
        digest.update(f" {line.sku} {line.quantity} {line.weight_grams} {line.volume_cm3}".encode())
        if line.scale != 1:
            digest.update(f" {line.scale}".encode())
    for stock in recorded.stocks:
        digest.update(b"".join((stock.sku.encode(), stock.full, stock.partial, stock.units)))
        for row in (*stock.dated, *stock.lots):
            digest.update(repr(row).encode())
    for more in (recorded.loads, recorded.queue_minutes, recorded.fed_at, recorded.ready_minutes, recorded.rates):
        if more:
            digest.update(repr(sorted(more.items())).encode())
    for left_out in (recorded.excluded, recorded.excluded_items):
        if left_out:
            digest.update(repr(left_out).encode())
    if recorded.slots:
        digest.update(repr(recorded.slots).encode())
    return digest.hexdigest()


def missing_units(answer: Plan) -> int:
    """How many units a plan does not cover."""
    return sum(gap.quantity for gap in answer.uncovered)


def goals(answer: Plan) -> tuple[int, bool, int]:
    """What comes before the cost, the less the better: units not covered, whether any wait for supply, lines split."""
    sources = {(peg.line_id, shipment.node) for shipment in answer.shipments for peg in shipment.pegs}
    lines = {line_id for line_id, _ in sources}
    return (
        missing_units(answer),
        any(shipment.is_backordered for shipment in answer.shipments),
        len(sources) - len(lines),
    )


def outline(answer: Plan) -> tuple[object, ...]:
    """What tells two plans apart: which units leave from where, by which service."""
    return tuple((shipment.node, shipment.service, shipment.pegs) for shipment in answer.shipments)


def _moment(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
