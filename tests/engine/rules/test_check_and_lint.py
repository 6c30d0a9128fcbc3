"""What forbids a routing, and what is worth a second look, each at its place in the document."""

import msgspec
import pytest

from tests.engine.worlds import network, node
from troth.engine.rules.check import RULES_MAX, TIERS_MAX, check
from troth.engine.rules.contradictions import find_contradiction
from troth.engine.rules.lint import lint
from troth.engine.rules.lint_known import lint_nodes
from troth.engine.rules.presets import ranked_locations
from troth.engine.rules.weights import policy_of
from troth.model.cost_rates import CostRates, Objective
from troth.model.document import Finding
from troth.model.policy import DEFAULT_POLICY
from troth.model.routing import Action, Compare, Limits, Routing, Rule, Sort, Tier

LAST = Tier("last", partial=Action.BACKORDER, none=Action.BACKORDER)


def places(found: tuple[Finding, ...]) -> list[tuple[str, int, int]]:
    return [(finding.pointer, finding.line, finding.column) for finding in found]


def test_errors_carry_their_field_and_their_position_within_the_expression() -> None:
    routing = Routing(
        eligibility=(Rule("a", "node.typ == 'dc'"), Rule("", "true")),
        exclusions=(Rule("b", "true", when="node.pickup"),),
        tiers=(
            Tier("one", when="stock.available > 1", filters=(Rule("c", "true &&\n 1"),), sort=(Sort("lane.mils"),)),
            Tier("one", sort=(Sort(),), weights={"split_minr": 1.0, "shipping": -1.0}, next_tier="none such"),
        ),
        limits=Limits(shipments_max=0),
    )

    assert places(check(routing)) == [
        ("/eligibility/0/expression", 1, 6),
        ("/eligibility/1/name", 0, 0),
        ("/exclusions/0/when", 1, 1),
        ("/tiers/0/when", 1, 1),
        ("/tiers/0/filters/0/expression", 2, 2),
        ("/tiers/0/sort/0/by", 1, 6),
        ("/tiers/1/sort/0", 0, 0),
        ("/tiers/1/weights/split_minr", 0, 0),
        ("/tiers/1/weights/shipping", 0, 0),
        ("/tiers", 0, 0),
        ("/limits/shipments_max", 0, 0),
        ("/tiers/1/next_tier", 0, 0),
    ]


def test_a_tier_may_not_lead_back_to_one_above_it() -> None:
    found = check(Routing(tiers=(Tier("one", next_tier="two"), Tier("two", next_tier="one"))))

    assert [(finding.pointer, finding.detail) for finding in found] == [
        ("/tiers/1/next_tier", "leads back to one; it must name a tier below")
    ]


@pytest.mark.parametrize(
    ("routing", "detail"),
    [
        (Routing(tiers=tuple(Tier(f"t{at}") for at in range(TIERS_MAX + 1))), "there are 51 tiers; there may be 50"),
        (
            Routing(eligibility=tuple(Rule(f"r{at}", "(" * 3_000) for at in range(RULES_MAX + 1))),
            "there are 201 rules; there may be 200",
        ),
        (
            Routing(eligibility=tuple(Rule(f"r{at}", "(" * 3_999) for at in range(13))),
            "the expressions have 51,987 characters; they may have 50,000",
        ),
        (Routing(tiers=(Tier("t", sort=(Sort(ranked=("A",) * 5_001),)),)), "may name at most 5,000 nodes"),
        (Routing(weights={"late_minor_per_day": float("nan")}), "must not be negative, nor above a trillion"),
        (Routing(weights={"split_minor": 1.5}), "must be a whole number"),
        (Routing(weights={"ship_to_store": 2}), "must be 0 (no) or 1 (yes)"),
        (Routing(eligibility=(Rule("x" * 101, "true"),)), "may have at most 100 characters"),
    ],
)
def test_a_routing_of_boundless_size_is_refused(routing: Routing, detail: str) -> None:
    assert [finding.detail for finding in check(routing)] == [detail]


def test_a_routing_can_be_written_as_json_and_read_back() -> None:
    routing = Routing(
        "json",
        tiers=(Tier("a", sort=(Sort("nearest"),), weights={"split_minor": 5}, objectives=(Objective.FASTEST,)),),
        compare=Compare.COST,
        cost_rates=CostRates(load_minor=3),
    )

    assert msgspec.json.decode(msgspec.json.encode(routing), type=Routing) == routing


@pytest.mark.parametrize(
    ("routing", "pointer", "detail"),
    [
        (Routing(eligibility=(Rule("r", "1 > 2"),)), "/eligibility/0/expression", "is always false, so it removes"),
        (Routing(exclusions=(Rule("r", "1 < 2"),)), "/exclusions/0/expression", "is always true, so it removes every"),
        (Routing(exclusions=(Rule("r", "1 > 2"),)), "/exclusions/0/expression", "is always false, so it removes noth"),
        (Routing(eligibility=(Rule("r", "1 / 0 == 1"),)), "/eligibility/0/expression", "can never be evaluated"),
        (
            Routing(eligibility=(Rule("r", "lane.miles > 5.0 && lane.miles < 5"),)),
            "/eligibility/0/expression",
            "contradicts itself: no value of lane.miles is left",
        ),
        (
            Routing(eligibility=(Rule("a", "node.type == 'dc'"),), exclusions=(Rule("b", "node.type in ['dc']"),)),
            "/eligibility",
            "together with the exclusions, these leave no value of node.type",
        ),
        (
            Routing(
                eligibility=(Rule("a", "node.type != 'dc'"),),
                tiers=(Tier("t", filters=(Rule("b", "node.type=='dc'"),)), LAST),
            ),
            "/tiers/0/filters",
            "these, with the rules of all tiers, leave no value of node.type",
        ),
        (
            Routing(tiers=(Tier("t", partial=Action.ACCEPT, none=Action.HOLD), LAST)),
            "/tiers/1",
            "no order ever reaches the tier last",
        ),
        (Routing(tiers=(Tier("t", when="false"), LAST)), "/tiers/0/when", "never holds"),
        (
            Routing(tiers=(Tier("a", next_tier="last"), Tier("b"), LAST)),
            "/tiers/1",
            "no order ever reaches the tier b",
        ),
        (Routing(tiers=(Tier("t"),)), "/tiers/0", "no tier comes after t: what no tier covers is refused"),
        (
            Routing(eligibility=(Rule("r", "node.type in ['dc', 'warehouse']"),)),
            "/eligibility/0/expression",
            "node.type is never 'warehouse'; it is one of 3pl, dc, drop_ship, locker, store, supplier",
        ),
        (
            Routing(tiers=(Tier("t", full=Action.SPLIT, partial=Action.HOLD, none=Action.HOLD),)),
            "/tiers/0/full",
            "there is nothing left to split",
        ),
        (
            Routing(tiers=(Tier("t", cancel_after_days=3, partial=Action.HOLD, none=Action.HOLD),)),
            "/tiers/0/cancel_after_days",
            "counts only for what is queued",
        ),
        (Routing(exclusions=(Rule("r", "node.pickup", when="true"),)), "/exclusions/0/when", "is the same for every"),
        (
            Routing(tiers=(Tier("t", sort=(Sort("nearest"), Sort("nearest")), none=Action.HOLD, partial=Action.HOLD),)),
            "/tiers/0/sort",
            "a criterion is given twice",
        ),
    ],
)  # fmt: skip
def test_what_is_odd_is_found(routing: Routing, pointer: str, detail: str) -> None:
    found = lint(routing)

    assert (pointer, detail) in [(finding.pointer, finding.detail[: len(detail)]) for finding in found]


def test_nothing_is_found_where_all_is_well() -> None:
    rules = (Rule("a", "node.type in ['dc', 'store']"), Rule("b", "lane.miles > 5.0 || node.pickup"))

    assert lint(Routing(eligibility=rules, tiers=(Tier("t", when="order.channel == 'web'"), LAST))) == ()


@pytest.mark.parametrize(
    ("conditions", "path"),
    [
        ([("line.quantity >= 3", False), ("line.quantity < 3", False)], "line.quantity"),
        ([("line.quantity >= 3", False), ("3 > line.quantity", False)], "line.quantity"),
        ([("line.quantity >= 3", False), ("line.quantity >= 3", True)], "line.quantity"),
        ([("line.quantity > 3", False), ("line.quantity <= 4", False)], ""),
        ([("node.id in ['a', 'b']", False), ("node.id == 'c'", False)], "node.id"),
        ([("node.id in ['a', 'b']", False), ("node.id != 'a' && node.id != 'b'", False)], "node.id"),
        ([("node.pickup", False), ("!node.pickup", False)], "node.pickup"),
        ([("node.pickup || node.id == 'a'", True), ("node.id == 'a'", False)], "node.id"),
        ([("node.pickup || node.id == 'a'", False), ("node.id != 'a'", False)], ""),
        ([("line.quantity in [1, 2]", False), ("line.quantity > 2", False)], "line.quantity"),
        ([("node.attributes.x == 'a'", False), ("node.attributes.x == 'b'", False)], "node.attributes.x"),
        ([("node.id ==", False)], ""),
    ],
)
def test_conditions_contradict_each_other_where_no_value_is_left(conditions: list[tuple[str, bool]], path: str) -> None:
    assert find_contradiction(conditions) == path


def test_a_routing_in_force_is_a_policy_with_its_weights_limits_and_label() -> None:
    routing = Routing(
        weights={"split_minor": 250.0, "carbon": 2.0, "ship_to_store": 1},
        objectives=(Objective.FASTEST,),
        limits=Limits(shipments_max=3),
        cost_rates=CostRates(load_minor=7),
    )

    policy = policy_of(routing, "everyday@4")

    assert (policy.version, policy.split_minor, policy.shipments_max) == ("everyday@4", 250, 3)
    assert isinstance(policy.split_minor, int)
    assert policy.weights == {"carbon": 2.0}
    assert policy.ship_to_store is True
    assert policy.objectives == (Objective.FASTEST,)
    assert policy.cost_rates.load_minor == 7
    assert policy.routing is routing
    assert policy.late_minor_per_day == DEFAULT_POLICY.late_minor_per_day


@pytest.mark.parametrize(
    ("when", "detail"),
    [
        (
            "order.value > 10.0 && order.value < 5.0",
            "contradicts itself: no value of order.value is left, so it never holds",
        ),
        ("order.units < 0", "contradicts itself: no value of order.units is left, so it never holds"),
    ],
)
def test_a_when_that_can_never_hold_is_found(when: str, detail: str) -> None:
    routing = Routing(exclusions=(Rule("r", "node.type == 'store'", when=when),), tiers=(Tier("one", when=when), LAST))

    assert [(one.pointer, one.detail) for one in lint(routing)] == [
        ("/exclusions/0/when", detail), ("/tiers/0/when", detail),
    ]  # fmt: skip


def test_what_no_distance_can_be_is_found_and_what_may_be_negative_is_not() -> None:
    rules = (Rule("far", "lane.miles < -1.0"), Rule("south", "node.latitude < -1.0"))

    assert [(one.pointer, one.detail) for one in lint(Routing(exclusions=rules))] == [
        ("/exclusions/0/expression", "contradicts itself: no value of lane.miles is left")
    ]


def test_a_keep_that_keeps_nothing_is_found() -> None:
    routing = Routing(keep=(Rule("none", "0"), Rule("odd", "1 / 0"), Rule("two", "2")))

    assert [(one.pointer, one.detail) for one in lint(routing)] == [
        ("/keep/0/expression", "keeps nothing"),
        ("/keep/1/expression", "can never be evaluated, so it keeps everything"),
    ]


def test_nodes_that_are_named_and_are_not_there_are_found() -> None:
    net = network(node("DC-PA"), node("ST-NYC"))
    routing = Routing(
        eligibility=(Rule("r", "node.id in ['DC-PA', 'DC-PB'] || 'NONE' == node.id || node.type == 'dc'"),),
        tiers=ranked_locations(("ST-NYC", "ST-NCY")).tiers,
    )

    assert [(one.pointer, one.line, one.column, one.detail) for one in lint_nodes(routing, net)] == [
        ("/eligibility/0/expression", 1, 22, "there is no node DC-PB; did you mean DC-PA?"),
        ("/eligibility/0/expression", 1, 34, "there is no node NONE"),
        ("/tiers/0/sort/0/ranked/1", 0, 0, "there is no node ST-NCY; did you mean ST-NYC?"),
    ]
