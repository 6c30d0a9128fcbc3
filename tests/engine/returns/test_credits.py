"""What returns credit: to the cent, once, when the rules say so, and never more than was paid."""

from dataclasses import replace
from datetime import timedelta

from tests.builders import capture, item
from tests.engine.returning import (
    ONE,
    R1,
    WEB_1,
    A,
    B,
    Returning,
    arrived,
    opening,
    units,
)
from troth.engine.money.owed import owed
from troth.engine.returns.returnable import returnable_units
from troth.model.charges import Charges, DeliveryCharge
from troth.model.commands import LiftHold
from troth.model.hold_terms import Block, HoldTerms
from troth.model.ids import HoldId, return_id
from troth.model.lifecycle import ReceptionState
from troth.model.order import Hold, Line
from troth.model.permissions import By
from troth.model.refusals import Held, Invalid
from troth.model.return_moves import CancelReturn, DisposeReturn, ExpireReturn, JudgedUnits, RefundReturn
from troth.model.return_rules import RefundRule, ReturnRules, RiskAction, RiskRule
from troth.model.returns import RefundTiming, ReturnKind, ReturnMethod
from troth.model.status import placed_holds

CLAIM = {"kind": ReturnKind.CLAIM, "method": ReturnMethod.NONE, "node": None}


def _flaws(found: object) -> list[tuple[str, str]]:
    assert isinstance(found, Invalid), found
    return [(flaw.pointer, flaw.detail) for flaw in found.flaws]


def test_each_unit_is_credited_once_and_all_of_them_with_what_was_paid() -> None:
    shop = Returning({"A": 3})
    shop.open(units(quantity=3))

    shop.receive(arrived())
    shop.receive(arrived(quantity=2, grade="A"))
    shop.do(RefundReturn(R1))

    assert [one.amount_minor for one in shop.first.credits] == [1990, 3980]
    assert shop.first.credited_minor == shop.first.due_minor == 5970


def test_a_fee_is_withheld_by_rule_and_a_person_may_give_it_back_but_no_more() -> None:
    rules = ReturnRules(refunds=(RefundRule("restocking", fee_percent=15.0, fee_minor=100),))
    shop = Returning({"A": 2}, rules=rules)
    shop.open(units(quantity=2))
    shop.receive(arrived(quantity=2, grade="A"))

    too_much = shop.ask(RefundReturn(R1, 798))
    shop.do(RefundReturn(R1, 797, "goodwill"))

    assert _flaws(too_much) == [("/amount", "must be above zero and at most 7.97 USD")]
    assert [(one.amount_minor, one.fee_minor) for one in shop.first.credits] == [(3183, 797), (797, 0)]
    assert _flaws(shop.ask(RefundReturn(R1, 1))) == [("/amount", "must be above zero and at most 0.00 USD")]


def test_units_are_credited_when_announced_received_or_graded_as_the_rules_say() -> None:
    rules = ReturnRules(
        refunds=(
            RefundRule("trusted", "rma.reason == 'late'", RefundTiming.ANNOUNCED),
            RefundRule("looked at", "rma.reason == 'defective'", RefundTiming.GRADED),
        )
    )
    shop = Returning({"A": 1, "B": 1, "C": 1}, rules=rules)
    shop.open(units("1", reason="late"), units("2", reason="defective"), units("3", reason="other"))
    announced = [one.line_id for one in shop.first.credits]
    shop.receive(arrived("1"), arrived("2"), arrived("3"))
    received = [one.line_id for one in shop.first.credits]
    shop.do(DisposeReturn(R1, (JudgedUnits(2, 1, grade="B"),), shop.first.received))

    assert announced == ["1"]
    assert received == ["1", "3"]
    assert [one.line_id for one in shop.first.credits] == ["1", "3", "2"]
    assert shop.first.credited_minor == 3 * 1990


def test_a_claim_of_which_nothing_comes_back_is_credited_and_over_at_once() -> None:
    shop = Returning({"A": 1})
    shop.do(opening(units(reason="damaged"), kind=ReturnKind.CLAIM, method=ReturnMethod.NONE, node=None))

    assert shop.first.state is ReceptionState.CLOSED
    assert shop.first.credited_minor == 1990
    assert _flaws(shop.ask(opening(units()))) == [("/lines/0/quantity", "0 units of A of line 1 may come back")]


def test_an_amount_for_goods_that_are_kept_is_taken_off_what_is_credited_when_they_come_back_after_all() -> None:
    shop = Returning({"A": 2})
    kept = {"kind": ReturnKind.CLAIM, "method": ReturnMethod.NONE, "node": None}
    shop.do(opening(units(reason="damaged", quantity=1), amount_minor=500, **kept))
    shop.open(units(quantity=2))
    shop.receive(arrived(quantity=2, grade="A"), number=2)

    assert [one.credited_minor for one in shop.order.returns] == [500, 3480]


def test_a_kit_comes_back_whole_or_by_components_and_sums_to_its_price() -> None:
    items = (item("K", kit=((A, 1), (B, 2))), item("A", price_minor=1000), item("B", price_minor=500))
    shop = Returning({"K": 2}, items=items)
    shop.open(units(quantity=1))
    shop.receive(arrived(quantity=1, grade="A"))
    shop.open(units(sku=B, quantity=2), units(sku=A))
    shop.receive(arrived(sku=B, quantity=2, grade="A"), number=2)
    shop.receive(arrived(sku=A, quantity=1, grade="A"), number=2)

    assert (shop.held("A"), shop.held("B")) == ({"on_hand": 2}, {"on_hand": 4})
    assert sum(one.credited_minor for one in shop.order.returns) == 2 * 1990
    assert _flaws(shop.ask(opening(units(sku=B)))) == [("/lines/0/quantity", "0 units of B of line 1 may come back")]


def test_units_with_discount_tax_and_delivery_are_credited_to_the_cent_and_the_delivery_with_the_last_of_them() -> None:
    line = Line(ONE, A, 3, 1000, charges=Charges(3, discount_minor=100, tax_minor=233))
    shop = Returning({"A": 3}, priced=(line,), delivery_charge=DeliveryCharge(595, 49))
    before = owed(shop.order).earned
    shop.open(units(quantity=3))

    for _ in range(3):
        shop.receive(arrived(grade="A"))

    amounts = [(one.kind.value, one.amount_minor) for one in shop.first.credits]
    assert amounts == [("units", 1045), ("units", 1043), ("units", 1045), ("delivery", 644)]
    assert (before, owed(shop.order).earned) == (3133 + 644, 0)


def test_a_hold_that_blocks_refunds_keeps_what_is_due_until_it_is_lifted_and_a_person_asks() -> None:
    shop = Returning({"A": 2})
    blocked = Hold(HoldId("H1"), "dispute", "card", "ann", shop.now, terms=HoldTerms(blocks=(Block.REFUND,)))
    shop.world.orders[WEB_1] = replace(shop.order, holds=(blocked,))
    shop.open(units(quantity=2))
    shop.receive(arrived(quantity=2, grade="A"))

    refused = shop.ask(RefundReturn(R1))
    shop.do(LiftHold(WEB_1, HoldId("H1")))
    shop.do(RefundReturn(R1))

    assert refused == Held(("H1",))
    assert shop.first.credited_minor == 3980


def test_an_amount_that_a_claim_asks_for_is_within_what_was_paid_and_waits_where_a_rule_holds_it() -> None:
    rules = ReturnRules(risks=(RiskRule("look", "rma.kind == 'claim'", RiskAction.HOLD),))
    shop = Returning({"A": 1}, rules=rules)
    kept = {"kind": ReturnKind.CLAIM, "method": ReturnMethod.NONE, "node": None}

    too_much = shop.ask(opening(units(reason="damaged"), amount_minor=1991, **kept))
    shop.do(opening(units(reason="damaged"), amount_minor=700, **kept))
    held = shop.first
    shop.do(RefundReturn(R1))

    assert _flaws(too_much) == [("/amount", "must be above zero and at most 19.90 USD")]
    assert (held.state, held.credited_minor) == (ReceptionState.ANNOUNCED, 0)
    assert (shop.first.state, shop.first.credited_minor) == (ReceptionState.CLOSED, 700)
    assert returnable_units(shop.order) == {(ONE, A): 1}


def test_a_credit_made_at_once_is_taken_back_with_the_permit_and_one_that_never_came_is_not_made_again() -> None:
    rules = ReturnRules(refunds=(RefundRule("at once", timing=RefundTiming.ANNOUNCED),))
    shop = Returning({"A": 2}, rules=rules)
    shop.open(units())
    shop.do(CancelReturn(R1))
    canceled = shop.first.credited_minor
    shop.open(units())
    shop.now += timedelta(days=30)
    shop.do(ExpireReturn(return_id(WEB_1, 2)))

    assert canceled == 0
    assert [one.credited_minor for one in shop.order.returns] == [0, 1990]
    assert returnable_units(shop.order) == {(ONE, A): 1}
    assert _flaws(shop.ask(RefundReturn(return_id(WEB_1, 2), 1))) == [
        ("/amount", "must be above zero and at most 0.00 USD")
    ]


def test_what_a_customer_claims_without_sending_anything_back_is_credited_by_a_person() -> None:
    shop = Returning({"A": 2})
    shop.do(opening(units(reason="missing"), **CLAIM, by=By.CUSTOMER))
    claimed = shop.first
    shop.do(RefundReturn(R1))

    assert (claimed.is_refund_held, claimed.flags, claimed.credited_minor) == (True, ("claimed_by_customer",), 0)
    assert (shop.first.state, shop.first.credited_minor) == (ReceptionState.CLOSED, 1990)


def test_what_a_customer_brings_back_is_credited_by_the_rules_as_it_is_for_an_operator() -> None:
    shop = Returning({"A": 2})
    shop.do(opening(units(), by=By.CUSTOMER))
    shop.receive(arrived(grade="A"))

    assert (shop.first.flags, shop.first.credited_minor) == ((), 1990)


def test_a_replacement_of_a_claim_waits_for_nothing_but_a_refund_that_is_held() -> None:
    by_operator, by_customer = Returning({"A": 2}), Returning({"A": 2})
    instead = capture("W-1-X", {"A": 1})
    by_operator.do(opening(units(reason="missing"), **CLAIM, replacement=instead))
    by_customer.do(opening(units(reason="missing"), **CLAIM, replacement=instead, is_advance=True, by=By.CUSTOMER))
    sent, kept_back = by_operator.replacement, by_customer.replacement
    by_customer.do(RefundReturn(R1, replacements=(kept_back.order_id,)))

    assert placed_holds(sent) == ()
    assert [hold.type for hold in placed_holds(kept_back)] == ["exchange"]
    assert placed_holds(by_customer.replacement) == ()
    assert by_customer.first.state is ReceptionState.CLOSED
