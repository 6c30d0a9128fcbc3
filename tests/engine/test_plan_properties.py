"""What every plan keeps, whatever is asked; and that it is the optimum, against trying everything."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import World, best_spread, cheapest_whole
from tests.engine.worlds import MONDAY, demand, line, network, node, rows
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.choice.assemble import build_shipments
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve import solve_by_subsets
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.demand.availability import pose_question
from troth.engine.demand.problem import Columns, Problem, Solution
from troth.engine.promising.options import plan_options
from troth.engine.promising.plan_name import name_plan
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, Sku
from troth.model.inventory import ON_HAND
from troth.model.network import RateCard
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy

SKUS = ("A", "B", "C", "D")
DEGREES = (0.5, 3.0, 9.0)
ZONE_MILES = (100.0, 400.0, 25_000.0)


def cards(draw: st.DrawFn, *, is_mergeable: bool) -> tuple[RateCard, ...]:
    """One or two cards of three zones and three brackets; mergeable ones cost a little more per bracket and no more."""
    found = []
    for service in ("standard", "express")[: draw(st.integers(1, 2))]:
        step = st.integers(0, 300) if is_mergeable else st.integers(0, 2500)
        first = draw(st.integers(300, 900))
        rates = []
        for _ in ZONE_MILES:
            second = first + draw(step)
            rates.append((first, second, second + draw(step)))
            first += draw(st.integers(0, 200))
        found.append(
            RateCard(
                service=service,
                carrier="test",
                currency="USD",
                zone_miles=ZONE_MILES,
                brackets_grams=(1000, 3000, 6000),
                rates_minor=tuple(rates),
                over_minor=(40, 50, 60),
                transit_days=draw(st.sampled_from([(1, 2, 4), (1, 1, 1), (2, 2, 3)])),
            )
        )
    return tuple(found)


@st.composite
def worlds(draw: st.DrawFn, *, is_whole: bool) -> World:
    """Whole: dates of every kind, any card, each SKU once. Otherwise: scarce stock on hand, SKUs that lines share."""
    count = draw(st.integers(1, 3))
    nodes = tuple(
        node(
            f"n{at}",
            degrees=draw(st.sampled_from(DEGREES)),
            handling_minor=draw(st.integers(0, 60)),
            shipment_minor=draw(st.integers(0, 150)),
        )
        for at in range(count)
    )
    now = MONDAY + timedelta(hours=draw(st.integers(0, 24 * 7)))
    moments = st.none() | st.integers(1, 24 * 9).map(lambda hours: now + timedelta(hours=hours))
    skus = (
        SKUS[: draw(st.integers(1, 4))]
        if is_whole
        else [draw(st.sampled_from("AB")) for _ in range(draw(st.integers(1, 2)))]
    )
    lines = tuple(
        line(
            sku,
            draw(st.integers(1, 3)),
            line_id=LineId(str(number)),
            weight_grams=draw(st.integers(0, 2500)),
            volume_cm3=draw(st.sampled_from([0, 0, 3000, 12_000])),
            need_by=draw(moments),
            not_before=draw(moments) if is_whole and draw(st.booleans()) else None,
        )
        for number, sku in enumerate(skus)
    )
    stock: dict[str, list[tuple[str, int, datetime | None]]] = {}
    for sku in skus:
        stock[sku] = [
            (str(at.node), units, date)
            for at in nodes
            for date in ([None, draw(moments)] if is_whole else [None])
            if (units := draw(st.integers(0, 4 if is_whole else 3))) > 0
        ]
    policy = Policy(
        split_minor=draw(st.sampled_from([0, 100, 400])),
        delay_minor_per_day=draw(st.sampled_from([0, 150])),
        late_minor_per_day=draw(st.sampled_from([0, 1000])),
        shipments_max=draw(st.integers(1, 4)),
        decision_seconds_max=60.0,
    )
    used = cards(draw, is_mergeable=not is_whole)
    service = draw(st.sampled_from(["", used[-1].service]))
    return World(nodes, used, lines, stock, policy, now, service)


def ask(world: World) -> tuple[Demand, Mapping[Sku, SupplyRows], Network]:
    net = network(*world.nodes, cards=world.cards)
    stock = {
        Sku(sku): rows(net, *((name, units) if at is None else (name, units, at) for name, units, at in entries))
        for sku, entries in world.stock.items()
    }
    return demand(*world.lines, service=world.service), stock, net


@given(worlds(is_whole=True) | worlds(is_whole=False))
def test_what_goes_whole_by_one_service_is_what_would_be_planned_for_that_service_alone(world: World) -> None:
    wish, stock, net = ask(replace(world, service=""))
    asked = plan(wish, stock, net, world.policy, world.now)

    known = plan_options(wish, lambda _: stock, net, world.policy, world.now, asked=asked)
    made = plan_options(wish, lambda _: stock, net, world.policy, world.now)

    assert [(way.demand, name_plan(way.plan)) for way in known] == [(way.demand, name_plan(way.plan)) for way in made]


def planned(world: World) -> Plan:
    wish, stock, net = ask(world)
    return plan(wish, stock, net, world.policy, world.now)


def covers_on_hand(world: World) -> bool:
    return all(
        sum(units for _name, units, at in world.stock[item.sku] if at is None) >= item.quantity for item in world.lines
    )


def count_divided(found: Plan) -> int:
    """How many lines are in more than one shipment."""
    parts: dict[str, int] = {}
    for shipment in found.shipments:
        for name in {peg.line_id for peg in shipment.pegs}:
            parts[name] = parts.get(name, 0) + 1
    return sum(count > 1 for count in parts.values())


@settings(max_examples=examples(150))
@given(worlds(is_whole=True))
def test_a_plan_of_whole_lines_is_the_cheapest_of_all(world: World) -> None:
    has_wish = any(item.not_before is not None for item in world.lines)
    best = cheapest_whole(world, is_dated=has_wish or not covers_on_hand(world))
    assume(math.isfinite(best))

    found = planned(world)

    assert found.uncovered == ()
    if count_divided(found):  # a line that as a whole is late may be divided, where that costs less
        assert found.cost_minor < best
    else:
        assert found.cost_minor == best


@settings(max_examples=examples(60))
@given(worlds(is_whole=False))
def test_a_plan_that_splits_covers_most_then_splits_least_then_costs_least(world: World) -> None:
    found = planned(world)

    uncovered = sum(item.quantity for item in found.uncovered)
    coverable = covered_in_order(world)
    missing = sum(item.quantity for item in world.lines) - sum(item.quantity for item in coverable.lines)
    best_uncovered, best_split, best_cost = best_spread(coverable)
    found_split = count_divided(found)
    assert uncovered == missing + best_uncovered
    if found_split > best_split:  # a late line was divided further, where that costs less
        assert found.cost_minor < best_cost
    else:
        assert (found_split, found.cost_minor) == (best_split, best_cost)


def covered_in_order(world: World) -> World:
    """The world whose lines ask only for what there is: of lines that share a SKU, the earlier ones first."""
    left = {sku: sum(units for _name, units, _at in entries) for sku, entries in world.stock.items()}
    lines = []
    for item in world.lines:
        units = min(item.quantity, left[item.sku])
        left[item.sku] -= units
        lines.append(replace(item, quantity=units))
    return replace(world, lines=tuple(lines))


@settings(max_examples=examples(60))
@given(worlds(is_whole=True))
def test_subsets_and_the_mixed_integer_model_find_plans_of_equal_cost(world: World) -> None:
    wish, stock, net = ask(world)
    problem = pose_question(wish, stock, net, world.policy, world.now.timestamp()).problem
    assume(problem is not None)
    assert problem is not None
    columns = build_columns(problem)
    by_subsets = solve_by_subsets(problem, columns)
    assume(by_subsets is not None)

    mixed = solve_mixed(problem, columns, split_columns(problem))

    assert cost_of(problem, columns, mixed) == cost_of(problem, columns, by_subsets)


@settings(max_examples=examples(80))
@given(st.booleans().flatmap(lambda is_whole: worlds(is_whole=is_whole)))
def test_each_unit_is_pegged_once_or_uncovered_and_no_source_gives_more_than_it_has(world: World) -> None:
    found = planned(world)

    pegs = [(shipment, peg) for shipment in found.shipments for peg in shipment.pegs]
    for item in world.lines:
        pegged = sum(peg.quantity for _shipment, peg in pegs if peg.line_id == item.line_id)
        missing = sum(short.quantity for short in found.uncovered if short.line_id == item.line_id)
        assert pegged + missing == item.quantity
    wish, stock, net = ask(world)
    taken: dict[tuple[str, str, str], int] = {}
    for shipment, peg in pegs:
        key = (peg.sku, shipment.node, peg.source)
        taken[key] = taken.get(key, 0) + peg.quantity
        assert peg.quantity > 0
    for (sku, name, source), units in taken.items():
        supplies = stock[Sku(sku)]
        at = [net.nodes[position].node for position in supplies.node_index.tolist()]
        assert units <= sum(
            supplies.available.item(row)
            for row in range(len(at))
            if at[row] == name and supplies.sources[row] == source
        )
    assert wish.lines == world.lines


@settings(max_examples=examples(60))
@given(worlds(is_whole=True), st.integers(0, 3), st.integers(0, 2))
def test_more_stock_on_hand_never_raises_what_is_uncovered_then_late_supply_then_splits_then_cost(
    world: World, sku_at: int, node_at: int
) -> None:
    sku, name = world.lines[sku_at % len(world.lines)].sku, str(world.nodes[node_at % len(world.nodes)].node)
    richer = replace(world, stock={**world.stock, sku: [*world.stock[sku], (name, 1, None)]})

    rich, poor = planned(richer), planned(world)
    after, before = goals(richer, rich), goals(world, poor)
    if count_divided(rich) or count_divided(poor):
        # A late line is divided by cost: where nothing more is covered or on time, splits and cost do not both rise.
        assert after[:2] <= before[:2]
        assert after[:2] < before[:2] or after[2] <= before[2] or after[3] <= before[3]
    else:
        assert after <= before


@settings(max_examples=examples(50))
@given(worlds(is_whole=True), st.randoms(use_true_random=False))
def test_the_order_of_nodes_and_of_supply_rows_changes_nothing(world: World, random: Random) -> None:
    nodes = list(world.nodes)
    random.shuffle(nodes)
    wish, stock, net = ask(world)
    mixed = network(*nodes, cards=world.cards)
    shuffled = {sku: shuffle(supplies, random) for sku, supplies in stock.items()}

    first = plan(wish, stock, net, world.policy, world.now)

    assert plan(wish, shuffled, mixed, world.policy, world.now) == first
    assert plan(wish, shuffled, mixed, world.policy, world.now) == first


def shuffle(supplies: SupplyRows, random: Random) -> SupplyRows:
    order = list(range(len(supplies.sources)))
    random.shuffle(order)
    return SupplyRows(
        supplies.node_index[order],
        supplies.available[order],
        supplies.available_from[order],
        tuple(supplies.sources[at] for at in order),
    )


def cost_of(problem: Problem, columns: Columns, solution: Solution | None) -> int:
    assert solution is not None
    shipments = build_shipments(problem, columns.starts, solution.parcels)
    return sum(sum(shipment.cost.values()) for shipment in shipments)


def goals(world: World, found: Plan) -> tuple[int, bool, int, int]:
    """What the engine minimizes, first things first."""
    parts: dict[str, int] = {}
    for shipment in found.shipments:
        for name in {peg.line_id for peg in shipment.pegs}:
            parts[name] = parts.get(name, 0) + 1
    uses_dated = any(peg.source != ON_HAND for shipment in found.shipments for peg in shipment.pegs)
    has_wish = any(item.not_before is not None for item in world.lines)
    # Where units stay uncovered, dated supply was looked at as well, whether or not the plan uses any.
    return (
        sum(short.quantity for short in found.uncovered),
        (uses_dated or found.uncovered != ()) and not has_wish,
        sum(count > 1 for count in parts.values()),
        found.cost_minor,
    )
