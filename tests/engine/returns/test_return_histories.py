"""Any sequence of returns keeps units and money: nothing comes back twice, is credited twice, or is sold too early."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.builders import item, node
from tests.engine.returning import A, B, Returning, arrived, units
from tests.flows.returning import draw_return_command
from troth.engine.money.owed import owed
from troth.engine.promising.context import Decision
from troth.engine.returns.returnable import delivered_units, taken_units
from troth.engine.returns.worth import credited_so_far, paid_for
from troth.model.charges import Charges, DeliveryCharge
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import is_apart
from troth.model.lifecycle import DispositionState
from troth.model.order import Line
from troth.model.return_rules import RefundRule, ReturnRules
from troth.model.returns import CreditKind, RefundTiming

NODES = (NodeId("DC-PA"), NodeId("ST-NYC"))
RULES = (
    None,
    ReturnRules(refunds=(RefundRule("fee", fee_percent=12.5, timing=RefundTiming.GRADED),)),
    ReturnRules(refunds=(RefundRule("at once", percent=90.0, timing=RefundTiming.ANNOUNCED),)),
)


def _shop(draw: random.Random) -> Returning:
    lines = (
        Line(LineId("1"), A, 5, 1999, charges=Charges(5, discount_minor=101, tax_minor=733)),
        Line(LineId("2"), B, 4, 333),
        Line(LineId("3"), Sku("K"), 2, 4001, charges=Charges(2, tax_minor=7)),
    )
    kit = item("K", kit=((A, 2), (Sku("C"), 1)))
    items = (kit, item("A", price_minor=1000), item("B", price_minor=700), item("C", price_minor=333))
    nodes = (node("DC-PA"), node("ST-NYC"))
    return Returning(
        {"A": 5, "B": 4, "K": 2},
        items=items,
        nodes=nodes,
        rules=draw.choice(RULES),
        priced=lines,
        delivery_charge=DeliveryCharge(499, 41),
    )


def _assert_kept(shop: Returning) -> None:
    order = shop.order
    delivered, taken = delivered_units(order), taken_units(order)
    assert all(count <= delivered.get(place, 0) for place, count in taken.items())
    credited: Counter[tuple[LineId, Sku]] = Counter()
    for one in order.returns:
        for credit in one.credits:
            if credit.kind is CreditKind.UNITS and credit.line_id is not None and credit.sku is not None:
                credited[credit.line_id, credit.sku] += credit.quantity
    assert all(count <= delivered.get(place, 0) for place, count in credited.items())
    money = credited_so_far(order)
    assert all(money.get(line.line_id, 0) <= paid_for(order, line.line_id, shop.world._items) for line in order.lines)
    assert owed(order).earned >= sum(0 if one.exchange is None else one.exchange.applied_minor for one in order.returns)
    lying: Counter[Sku] = Counter()
    for one in order.returns:
        for got in one.received:
            if got.state not in (DispositionState.RESTOCKED, DispositionState.DESTROYED):
                lying[got.sku] += got.quantity
    apart: Counter[Sku] = Counter()
    for key, balance in shop.world.balances.items():
        if is_apart(key.source):
            apart[key.sku] += balance.on_hand
    assert +lying == +apart


@pytest.mark.parametrize("seed", range(40))
def test_units_and_money_are_kept_on_any_history(seed: int) -> None:
    draw = random.Random(seed)
    shop = _shop(draw)
    for _ in range(40):
        command = draw_return_command(draw, shop.order, NODES)
        before = shop.order
        decision = shop.ask(command)
        if not isinstance(decision, Decision):
            assert shop.order == before
        _assert_kept(shop)


def test_histories_do_everything_that_can_be_done() -> None:
    done: Counter[str] = Counter()
    for seed in range(25):
        draw = random.Random(seed)
        shop = _shop(draw)
        for _ in range(40):
            decision = shop.ask(draw_return_command(draw, shop.order, NODES))
            if isinstance(decision, Decision):
                done.update(type(event).__name__ for _subject, event in decision.events)

    assert done.keys() >= {
        "ReturnOpened", "ReturnSent", "ReturnReceived", "ReturnDisposed", "ReturnCredited", "ReturnClosed",
        "ReturnCanceled", "ExchangeOpened", "ExchangeEnded",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_whatever_comes_back_in_whatever_parts_all_of_it_is_credited_with_what_was_paid(seed: int) -> None:
    draw = random.Random(seed)
    shop = _shop(random.Random(2))  # rules that credit on receipt
    shop.world._returns = replace(shop.world._returns, rules=ReturnRules())
    wholes = {"1": 5, "2": 4, "3": 2}
    before, number = owed(shop.order).earned, 0
    while wholes:
        line = draw.choice(sorted(wholes))
        count = draw.randint(1, wholes[line])
        wholes[line] -= count
        if not wholes[line]:
            del wholes[line]
        number += 1
        shop.open(units(line, count))
        shop.receive(arrived(line, count, "A"), number=number)

    assert sum(one.credited_minor for one in shop.order.returns) == before
    assert owed(shop.order).earned == 0
