"""Rules: what 30 rules of every kind add to a plan of 4 lines over 1,000 nodes, and of 10 lines over 2,000."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from benchmarks.report import Figure, figure, publish
from troth.engine.carriage.network import Network, compile_network
from troth.engine.promising.promise import plan
from troth.engine.rules.check import check
from troth.engine.rules.weights import policy_of
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.network import Address, Node, NodeType
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing import Routing, Rule, Tier

_SIZES: Final = ((4, 1_000), (10, 2_000))
"""Lines of an order and nodes of the network."""

_SKUS: Final = 40
_ROUNDS: Final = 15
_DEMANDS: Final = 60
_NOW: Final = datetime(2026, 11, 23, 15, tzinfo=UTC)
_REGIONS: Final = ("NY", "NJ", "PA", "OH", "IL", "IA", "TX", "CA", "WA", "FL")
_CHANNELS: Final = ("web", "app", "marketplace")

_EXPRESSIONS: Final = (
    # of nodes alone
    'node.type in ["dc", "store", "3pl"]',
    'node.attributes["class"] != "D"',
    'node.type != "store" || node.capacity_per_day >= 5',
    'node.country == "US"',
    '!node.id.startsWith("N0007")',
    'node.processing_hours <= 48.0 || node.type == "3pl"',
    'node.name.matches("^(Store|Center) [0-9]+$")',
    "node.handling < 5.0",
    # of nodes and the order
    'order.channel != "marketplace" || node.attributes["class"] == "A" || node.type != "store"',
    'order.value < 400.0 || node.type != "store" || node.pickup',
    'customer.class != "gold" || node.attributes["class"] in ["A", "B", "C"]',
    'node.region != "TX" || order.region != "CA"',
    'order.priority < 5 || node.capacity_per_day > 10 || node.type == "dc"',
    'order.attributes["origin"] == node.country || !("origin" in order.attributes)',
    # of the way there
    "lane.miles < 2800.0",
    'node.type == "dc" || lane.miles < 2500.0',
    "lane.zone <= 8",
    "lane.transit_days <= 6",
    "lane.same_country",
    "lane.miles / 50.0 < double(lane.zone) * 20.0 + 40.0",
    # of lines and items
    'item.category != "furniture" || node.type != "store"',
    'item.attributes["hazardous"] != "yes" || node.attributes["hazardous"] == "yes"',
    'item.weight_kg < 20.0 || node.type == "dc"',
    "line.value > 5.0 || lane.miles < 2000.0",
    'order.lines.exists(each, each.quantity > 1) || node.type != "3pl" || node.pickup || lane.zone < 9',
    # of stock
    'node.type != "store" || stock.available - line.quantity >= 1',
    'node.type != "store" || stock.weeks_of_supply > 0.5',
    'stock.lines_covered >= 1 || node.type == "dc"',
    'stock.available >= line.quantity || item.category == "bulk"',
    'node.type != "store" || stock.available * 2 > line.quantity',
)


def run(*, seed: int) -> Path:
    """Measure plans with and without rules, in turn, of each size; the path of the results."""
    random = Random(seed)
    policy = policy_of(_routing(), "benchmark@1")
    figures = [found for lines, nodes in _SIZES for found in _measure_size(random, policy, lines=lines, nodes=nodes)]
    notes = (
        f"{len(_EXPRESSIONS)} rules, {_DEMANDS} demands from as many places, {_ROUNDS} rounds of each in turn, "
        "processor time; ms: median of the demands, p99_ms: of the demands of a round; optimal_pct: plans under rules "
        "that are proven the cheapest; removed: how often an order a rule took lines from one of the nodes"
    )
    return publish("rules", figures, seed=seed, notes=notes)


def _measure_size(random: Random, policy: Policy, *, lines: int, nodes: int) -> list[Figure]:
    """What plans of so many lines over so many nodes take under rules, beside the same without."""
    network, supply = _network(random, nodes), _supply(random, nodes)
    prices = _sales(network, random)
    demands = [_demand(random, number, lines) for number in range(_DEMANDS)]
    plain, ruled = [], []
    for number in range(_ROUNDS + 1):
        without = _measure(demands, supply, network, DEFAULT_POLICY, prices)
        with_rules = _measure(demands, supply, network, policy, prices)
        if number:  # the first round fills what is remembered with the network
            plain.append(without)
            ruled.append(with_rules)
    traces = [plan(demand, supply, network, policy, _NOW, prices=prices).trace for demand in demands]
    removed = [
        sum(count for name, count in trace.removed.items() if name.startswith("rule ")) / _DEMANDS for trace in traces
    ]
    medians, plain_medians = ([statistics.median(times) for times in some] for some in (ruled, plain))
    tails, plain_tails = ([float(np.percentile(times, 99)) for times in some] for some in (ruled, plain))
    print(f"  {lines} lines, {nodes} nodes: {statistics.median(medians):.2f} ms, p99 {statistics.median(tails):.2f} ms")
    stem, other = f"k{lines}_n{nodes}_r{len(_EXPRESSIONS)}", "the same demands without rules"
    return [
        figure(
            f"{stem}.ratio_to_no_rules", "times",
            [one / without for one, without in zip(medians, plain_medians, strict=True)],
            baseline=other, baseline_values=[1.0] * _ROUNDS,
        ),
        figure(f"{stem}.ms", "ms", medians, baseline=other, baseline_values=plain_medians),
        figure(f"{stem}.p99_ms", "ms", tails, baseline=other, baseline_values=plain_tails),
        figure(f"{stem}.optimal_pct", "%", [100.0 * sum(trace.gap == 0.0 for trace in traces) / _DEMANDS]),
        figure(f"{stem}.removed", "times an order", [sum(removed)]),
    ]  # fmt: skip


def _measure(
    demands: Sequence[Demand],
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    policy: Policy,
    prices: UnitPrices,
) -> list[float]:
    """Milliseconds of each demand's plan."""
    times = []
    for demand in demands:
        begun = time.process_time_ns()
        found = plan(demand, supply, network, policy, _NOW, prices=prices)
        times.append((time.process_time_ns() - begun) / 1e6)
        if found.uncovered:
            raise RuntimeError(f"a demand was not covered: {found.trace}")
    return times


def _routing() -> Routing:
    rules = tuple(Rule(f"rule {number}", expression) for number, expression in enumerate(_EXPRESSIONS, 1))
    routing = Routing("benchmark", eligibility=rules[:15], tiers=(Tier("only", filters=rules[15:]),))
    if found := check(routing):
        raise RuntimeError(f"the rules cannot be used: {found}")
    return routing


def _network(random: Random, count: int) -> Network:
    nodes = []
    for number in range(count):
        kind = random.choices((NodeType.STORE, NodeType.DC, NodeType.THIRD_PARTY, NodeType.DROP_SHIP), (90, 6, 3, 1))[0]
        attributes = {"class": random.choice("AABBCCD")}
        if random.random() < 0.4:
            attributes["hazardous"] = "yes"
        nodes.append(
            Node(
                NodeId(f"N{number:04d}"), kind, f"{'Store' if kind is NodeType.STORE else 'Center'} {number}",
                30 + number * 7 % 150 / 10, -120 + number * 13 % 400 / 10, "America/Chicago",
                address=Address("US", region=random.choice(_REGIONS)), capacity_per_day=random.randint(3, 200),
                processing_hours=random.choice((0.0, 1.0, 4.0)), pickup=kind is NodeType.STORE,
                handling_minor=random.randint(20, 90), attributes=attributes,
            )
        )  # fmt: skip
    return compile_network(nodes)


def _sales(network: Network, random: Random) -> UnitPrices:
    """What every node sells in a week, which is known without prices."""
    weekly = {Sku(f"S{sku}"): {node.node: random.uniform(0.5, 8.0) for node in network.nodes} for sku in range(_SKUS)}
    return UnitPrices("", _NOW - timedelta(days=30), sold=weekly)


def _supply(random: Random, nodes: int) -> dict[Sku, SupplyRows]:
    generator = np.random.default_rng(random.randrange(2**32))
    return {
        Sku(f"S{sku}"): SupplyRows(
            np.arange(nodes, dtype=np.int32),
            generator.integers(0, 12, nodes, dtype=np.int64),
            np.zeros(nodes),
            (ON_HAND,) * nodes,
        )
        for sku in range(_SKUS)
    }


def _demand(random: Random, number: int, count: int) -> Demand:
    lines = tuple(_line(random, Sku(f"S{sku}")) for sku in random.sample(range(_SKUS), count))
    place = Address(
        "US", region=random.choice(_REGIONS), postcode=f"{number:05d}", latitude=30 + random.random() * 15,
        longitude=-120 + random.random() * 40,
    )  # fmt: skip
    return Demand(
        lines=lines, destination=place, method=Method.SHIP, channel=random.choice(_CHANNELS),
        customer_class=random.choice(("", "gold")), priority=random.randint(0, 9), attributes={"origin": "US"},
    )  # fmt: skip


def _line(random: Random, sku: Sku) -> DemandLine:
    category = random.choice(("shoes", "shirts", "furniture", "bulk"))
    hazardous = {"hazardous": random.choice(("yes", "no"))}
    item = Item(sku, f"Item {sku}", category=category, price_minor=2990, weight_grams=700, attributes=hazardous)
    line = DemandLine(LineId(sku), sku, random.randint(1, 3), weight_grams=700, unit_price_minor=2990)
    return replace(line, item=item)
