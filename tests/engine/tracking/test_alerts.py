"""Alert rules are checked with their fields, and the first one that holds decides."""

from datetime import timedelta

import pytest

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.policies.alert_check import check_alerts, lint_alerts
from troth.engine.policies.alerts_in_force import compile_alerts
from troth.engine.promising.context import Decision, Facts
from troth.engine.tracking.alerts import find_alert
from troth.engine.tracking.predict import Prediction
from troth.model.alerts import BUILT_IN, AlertAction, AlertRule, AlertRules
from troth.model.commands import AdjustStock
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.policy import DEFAULT_POLICY
from troth.model.tracking import Milestone, Step
from troth.replay.world import World

NETWORK = compile_network((node("DC-PA"),))
ITEMS = {Sku("A"): item("A")}
CALL = (AlertAction.EXCEPTION,)


def rules(*conditions: str) -> AlertRules:
    return AlertRules(rules=tuple(AlertRule(f"r{at}", when, CALL) for at, when in enumerate(conditions)))


@pytest.fixture(scope="module")
def order() -> Order:
    world = World(NETWORK, ITEMS)
    for command in (AdjustStock(SupplyKey(Sku("A"), NodeId("DC-PA")), 9, "initial"), capture()):
        assert isinstance(world.apply(command, now=NOW), Decision)
    return world.orders[capture().order_id]


def decided(order: Order, found: AlertRules, probability: float) -> str:
    work = order.fulfillments[0]
    late = work.promised_at + timedelta(hours=5)
    due = Milestone(Step.PICKED, NOW - timedelta(hours=1))
    facts = Facts(NOW, "test", NETWORK, ITEMS, DEFAULT_POLICY)
    prediction = Prediction(probability, late, late, late)
    rule = find_alert(compile_alerts([("late@1", found)]), order, work, due, prediction, facts)
    return "" if rule is None else rule.name


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("alert.probability > 0.7 && alert.hours_late >= 5.0", True),
        ("alert.probability > 0.9", False),
        ("alert.step == 'picked' && alert.leg == 'node' && alert.step_hours_late == 1.0", True),
        ("work.node == 'DC-PA' && work.node_type == 'dc' && work.status == 'reserved'", True),
        ("work.carrier == 'ups'", False),
        ("order.channel == 'web' && line.quantity >= 1 && alert.hours_left > 24.0", True),
    ],
)
def test_a_condition_asks_about_the_alert_the_work_and_the_order(order: Order, condition: str, holds: bool) -> None:
    assert decided(order, rules(condition), 0.8) == ("late@1/r0" if holds else "")


def test_the_first_rule_that_holds_decides(order: Order) -> None:
    found = rules("alert.probability > 0.95", "alert.probability > 0.5", "alert.probability > 0.1")
    assert [decided(order, found, share) for share in (0.99, 0.8, 0.2, 0.05)] == [
        "late@1/r0",
        "late@1/r1",
        "late@1/r2",
        "",
    ]


def test_what_is_built_in_calls_a_person_where_no_document_has_a_rule(order: Order) -> None:
    assert [rule.rule for rule in compile_alerts([("empty@1", AlertRules())])] == list(BUILT_IN.rules)
    assert check_alerts(BUILT_IN) == lint_alerts(BUILT_IN) == ()


def test_every_flaw_is_named_with_its_field() -> None:
    flawed = AlertRules(
        rules=(
            AlertRule("", "alert.probabilty > 0.5", ()),
            AlertRule("twice", "alert.probability > 0.5", (AlertAction.TELL, AlertAction.TELL), owner="ann"),
            AlertRule("twice", "rma.units > 1.0", CALL),
        )
    )
    assert [finding.pointer for finding in check_alerts(flawed)] == [
        "/rules/0/name",
        "/rules/0/when",
        "/rules/0/actions",
        "/rules/1/actions",
        "/rules/1/owner",
        "/rules/2/name",
        "/rules/2/when",
    ]


def test_what_is_worth_a_second_look_is_said() -> None:
    odd = AlertRules(
        rules=(
            AlertRule("always", "true", CALL),
            AlertRule("never", "work.node == 'A' && work.node == 'B'", CALL),
            AlertRule("silent", "alert.probability > 0.5", (AlertAction.RE_SOURCE,)),
        )
    )
    assert [finding.pointer for finding in lint_alerts(odd)] == ["/rules/0/when", "/rules/1/when", "/rules/2/actions"]
