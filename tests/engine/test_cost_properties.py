"""With every term on, whatever the objective: plans are the best of all, and cost what their parts add up to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import World
from tests.engine.cost_brute_force import Costs, best_spreads, best_whole, score_of
from tests.engine.test_plan_properties import covers_on_hand, worlds
from tests.engine.worlds import HERE, demand, network, rows
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.choice.assemble import build_shipments
from troth.engine.choice.scoring import build_columns, split_columns, subset_costs
from troth.engine.choice.solve import solve_by_subsets
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.choice.weighing import with_terms
from troth.engine.demand.availability import pose_question
from troth.engine.demand.problem import Problem
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import PARTS, CostRates, Objective, PaymentFee
from troth.model.ids import LineId, Sku
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.network import Surcharge
from troth.model.plan import Demand, Plan
from troth.model.routing_guide import RoutingGuide
from troth.model.work_times import WorkRates

OBJECTIVES = (
    (Objective.CHEAPEST,),
    (Objective.FASTEST,),
    (Objective.FEWEST_SHIPMENTS,),
    (Objective.HIGHEST_MARGIN,),
    (Objective.FEWEST_SHIPMENTS, Objective.CHEAPEST),
    (Objective.FASTEST, Objective.FEWEST_SHIPMENTS),
    (Objective.FEWEST_SHIPMENTS, Objective.FASTEST, Objective.HIGHEST_MARGIN),
)
SURCHARGES = (
    Surcharge("residential", 395, is_fuelable=True, residential=True),
    Surcharge("remote", 620, postcode_prefixes=("995", "967")),
    Surcharge("island", 150, regions=("HI",), zones=(1, 2)),
    Surcharge("heavy", 900, is_fuelable=True, grams_over=3000),
    Surcharge("long", 1250, length_mm_over=1000),
    Surcharge("bulky", 700, girth_mm_over=1500, grams_over=1000),
    Surcharge("hazardous", 333, is_fuelable=True, attribute="hazardous", value="yes"),
)


@st.composite
def costs(draw: st.DrawFn) -> Costs:
    """A world of whole lines with every term in use."""
    return dress(draw, draw(worlds(is_whole=True)), SURCHARGES, carbon_minor=draw(st.sampled_from([0, 400])))


@st.composite
def split_costs(draw: st.DrawFn) -> Costs:
    """A world in which no node has enough of some line.

    No surcharge begins at a weight, so that one parcel for each node and card is enough, and carbon is not priced,
    because of a divided line it is rounded part by part.
    """
    world = draw(worlds(is_whole=False))
    skus = ("A", "B")[: draw(st.integers(1, 2))]
    names = [str(node.node) for node in world.nodes]
    lines, stock = [], {}
    for number, sku in enumerate(skus):
        stock[sku] = [(name, draw(st.integers(1, 2)), None) for name in names]
        there = [units for _name, units, _at in stock[sku]]
        lines.append(
            replace(
                world.lines[number % len(world.lines)],
                sku=Sku(sku),
                line_id=LineId(sku),
                quantity=draw(st.integers(min(max(there) + (number == 0), sum(there)), sum(there))),
            )
        )
    policy = replace(world.policy, shipments_max=4)
    surcharges = tuple(item for item in SURCHARGES if item.grams_over is None)
    return dress(draw, replace(world, lines=tuple(lines), stock=stock, policy=policy), surcharges, carbon_minor=0)


def dress(draw: st.DrawFn, world: World, offered: tuple[Surcharge, ...], *, carbon_minor: int) -> Costs:
    """The world with every term in use; amounts are such that halves come out exactly."""
    minor = st.integers(0, 400)
    nodes = tuple(
        replace(
            node,
            labor_minor=draw(st.integers(0, 40)),
            return_minor=draw(minor),
            goods_percent=draw(st.sampled_from([100, 100, 125, 90])),
        )
        for node in world.nodes
    )
    cards = tuple(
        replace(
            card,
            fuel_basis_points=draw(st.sampled_from([0, 1850])),
            surcharges=tuple(item for item in offered if draw(st.booleans())),
        )
        for card in world.cards
    )
    items = {
        line.sku: Item(
            line.sku,
            category=draw(st.sampled_from(["shoes", "toys"])),
            cost_minor=draw(st.integers(0, 30)) * 100,
            dimensions_mm=(draw(st.sampled_from([100, 1200])), 200, draw(st.sampled_from([100, 400]))),
            attributes=draw(st.sampled_from([{}, {"hazardous": "yes"}, {"hazardous": "no"}])),
        )
        for line in world.lines
    }
    prices_by_sku = {sku: draw(st.integers(0, 60)) * 100 for sku in items}
    lines = tuple(replace(line, item=items[line.sku], unit_price_minor=prices_by_sku[line.sku]) for line in world.lines)
    rates = CostRates(
        load_minor=draw(minor),
        load_free_percent=draw(st.sampled_from([0, 50])),
        failure_minor=draw(st.sampled_from([0, 400])),
        overdue_minor=draw(st.sampled_from([0, 300])),
        stock_out_weeks=draw(st.sampled_from([0.0, 1.0])),
        markdown_weeks=draw(st.sampled_from([0.0, 0.5])),
        markdown_basis_points=2000,
        payment_fees={"card": PaymentFee(300, 30)},
        return_basis_points={"shoes": 2500, "": 400},
        return_minor={"ship": draw(minor)},
        carbon_grams_per_tonne_km={"": 150.0, "express": 900.0},
        carbon_grams_per_parcel=draw(st.sampled_from([0, 250])),
        carbon_minor_per_kg=carbon_minor,
    )
    weights = draw(st.sampled_from([{}, {}, {"carbon": 2.5, "split": 0.5, "fuel": 0.0}, {"shipping": 0.37, "late": 3}]))
    policy = replace(world.policy, cost_rates=rates, weights=weights, objectives=draw(st.sampled_from(OBJECTIVES)))
    by_node = {sku: {node.node: float(draw(minor)) for node in nodes if draw(st.booleans())} for sku in items}
    weekly = {
        sku: {node.node: draw(st.sampled_from([1.0, 3.0, 7.0])) for node in nodes if draw(st.booleans())}
        for sku in items
    }
    prices = UnitPrices("p@1", world.now - timedelta(hours=draw(st.integers(0, 24))), by_node, {}, weekly)
    destination = replace(
        HERE,
        region=draw(st.sampled_from(["HI", "NY"])),
        postcode=draw(st.sampled_from(["96701", "10001"])),
        residential=draw(st.sampled_from([None, True, False])),
    )
    loads = {node.node: draw(st.sampled_from([0.0, 0.25, 0.75, 1.0])) for node in nodes}
    share = st.sampled_from([0.5, 0.75, 1.0])
    work = {node.node: WorkRates(draw(share), 1.0 - draw(share), draw(share), 5.0) for node in nodes}
    asked = replace(world, nodes=nodes, cards=cards, lines=lines, policy=policy)
    guide = RoutingGuide(
        "USD",
        "partner@1",
        carriers=draw(st.sampled_from([("test",), ("other",)])),
        services=draw(st.sampled_from([(), ("standard",)])),
        carrier_minor=draw(minor),
        split_minor=draw(minor),
        late_minor=draw(minor),
        late_basis_points=draw(st.sampled_from([0, 500])),
    )
    tender = draw(st.sampled_from(["card", "invoice"]))
    return Costs(asked, destination, tender, prices, loads, draw(st.sampled_from([None, guide])), work)


def ask(asked: Costs) -> tuple[Demand, Mapping[Sku, SupplyRows], Network]:
    world = asked.world
    net = network(*world.nodes, cards=world.cards)
    net.load.rate(asked.work)
    stock = {
        Sku(sku): rows(net, *((name, units) if at is None else (name, units, at) for name, units, at in entries))
        for sku, entries in world.stock.items()
    }
    wish = demand(
        *world.lines, service=world.service, destination=asked.destination, tender=asked.tender, guide=asked.guide
    )
    return wish, stock, net


def planned(asked: Costs) -> Plan:
    wish, stock, net = ask(asked)
    world = asked.world
    return plan(wish, stock, net, world.policy, world.now, prices=asked.prices, loads=asked.loads)


def posed(asked: Costs) -> Problem | None:
    wish, stock, net = ask(asked)
    world = asked.world
    problem = pose_question(wish, stock, net, world.policy, world.now.timestamp()).problem
    if problem is None:
        return None
    return with_terms(problem, wish, prices=asked.prices, loads=asked.loads, now=world.now)


def has_divided(found: Plan) -> bool:
    """Whether some line is in more than one shipment."""
    held = [(number, peg.line_id) for number, shipment in enumerate(found.shipments) for peg in shipment.pegs]
    lines = [line for _number, line in set(held)]
    return len(lines) > len(set(lines))


def is_dated(world: World) -> bool:
    return any(line.not_before is not None for line in world.lines) or not covers_on_hand(world)


@settings(max_examples=examples(120))
@given(costs())
def test_a_plan_is_the_best_of_all_by_its_objectives_with_every_term(asked: Costs) -> None:
    best = best_whole(asked, is_dated=is_dated(asked.world))
    assume(best is not None)
    assert best is not None

    found = planned(asked)

    assert found.uncovered == ()
    score = score_of(asked, ask(asked)[0], found)
    # A line that would be late may be divided, which the best plan of whole lines is not.
    assert score < best if has_divided(found) else score == best
    assert found.trace.prices_version == "p@1"


@settings(max_examples=examples(50))
@given(split_costs())
def test_a_plan_that_splits_lines_is_the_best_of_all_with_every_term(asked: Costs) -> None:
    spreads = best_spreads(asked)
    assume(spreads is not None)
    assert spreads is not None
    best, freest = spreads

    found = planned(asked)

    assert found.uncovered == ()
    # A line that would be late as a whole may be split, where that costs less.
    assert freest <= score_of(asked, ask(asked)[0], found) <= best


@settings(max_examples=examples(150))
@given(costs())
def test_what_was_chosen_is_the_weighted_sum_of_the_whole_parts_that_are_named(asked: Costs) -> None:
    problem = posed(asked)
    assume(problem is not None)
    assert problem is not None
    terms = problem.terms
    columns = build_columns(problem)
    solution = solve_by_subsets(problem, columns)
    assume(solution is not None)
    assert solution is not None
    assert terms is not None
    costs_of = subset_costs(problem, columns)
    weights = terms.weights
    for parcel in solution.parcels:
        [shipment] = build_shipments(problem, columns.starts, [parcel])
        parts = {**shipment.cost, "split": asked.world.policy.split_minor}
        if asked.guide is not None:
            parts["chargeback_split"] = asked.guide.split_minor
        assert set(parts) <= set(PARTS)
        chosen = costs_of[sum(1 << line for line in parcel.quantities), parcel.column]
        counted = sum(weights.parts[part] * minor for part, minor in parts.items()) + weights.shipments
        days = (chosen - counted) / weights.days if weights.days else chosen - counted
        assert days == int(days) >= 0
        assert weights.days or days == 0


@settings(max_examples=examples(40))
@given(costs())
def test_subsets_and_the_model_agree_with_every_term(asked: Costs) -> None:
    problem = posed(asked)
    assume(problem is not None)
    assert problem is not None
    columns = build_columns(problem)
    by_subsets = solve_by_subsets(problem, columns)
    assume(by_subsets is not None)
    assert by_subsets is not None

    mixed = solve_mixed(problem, columns, split_columns(problem))

    assert mixed is not None
    wish = ask(asked)[0]
    scores = [
        score_of(
            asked, wish, replace(planned(asked), shipments=build_shipments(problem, columns.starts, found.parcels))
        )
        for found in (by_subsets, mixed)
    ]
    assert scores[0] == scores[1]


@settings(max_examples=examples(60))
@given(costs(), st.integers(0, 3), st.integers(0, 2))
def test_more_stock_never_makes_the_objectives_worse_with_every_term(asked: Costs, sku_at: int, node_at: int) -> None:
    world = asked.world
    assume(covers_on_hand(world))
    sku, name = world.lines[sku_at % len(world.lines)].sku, str(world.nodes[node_at % len(world.nodes)].node)
    richer = replace(world, stock={**world.stock, sku: [*world.stock[sku], (name, 1, None)]})
    assume(not any(line.not_before is not None for line in world.lines))
    before, after = planned(asked), planned(replace(asked, world=richer))
    assume(before.uncovered == () and before.trace.method == "subset")
    assume(not has_divided(before))
    # Stock on hand is used before dated supply, whatever that costs: more of it may end a wait for cheaper supply.
    assume(all(peg.source == ON_HAND for shipment in before.shipments for peg in shipment.pegs))

    wish = ask(asked)[0]

    assert score_of(asked, wish, after) <= score_of(asked, wish, before)
