"""Returns: what may come back, what becomes of it, and what is credited, to the cent and to the unit."""

from datetime import timedelta

import pytest

from tests.builders import item
from tests.engine.returning import (
    DELIVERED_AT,
    PA,
    R1,
    WEB_1,
    A,
    Returning,
    arrived,
    opening,
    units,
)
from troth.engine.evolve import evolve_all
from troth.engine.supply.supply import rows_of
from troth.model.events import OrderEvent
from troth.model.ids import Sku, return_id
from troth.model.lifecycle import Disposition, DispositionState, ReceptionState
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.return_moves import (
    CancelReturn,
    CloseReturn,
    DisposeReturn,
    ExpireReturn,
    JudgedUnits,
    OpenReturn,
    RefundReturn,
    SendReturn,
)
from troth.model.return_rules import DispositionRule, ReturnRules, ReturnWindow, RiskAction, RiskRule
from troth.model.returns import ReturnMethod


def _flaws(found: object) -> list[tuple[str, str]]:
    assert isinstance(found, Invalid), found
    return [(flaw.pointer, flaw.detail) for flaw in found.flaws]


def test_units_that_came_back_lie_apart_and_can_be_sold_only_once_restocked() -> None:
    shop = Returning({"A": 3})
    shop.open(units(quantity=2))

    shop.receive(arrived(quantity=2))
    waiting = shop.held("A")
    rows = rows_of(shop.world.balances.values(), shop.world._network)
    sellable = {shop.world._network.nodes[at].node for at in rows.node_index.tolist()}
    shop.do(DisposeReturn(R1, (JudgedUnits(1, 1, Disposition.RESTOCK, "A"),), shop.first.received))

    assert waiting == {"apart/returned": 2}
    assert sellable == {PA}
    assert shop.held("A") == {"apart/returned": 1, "on_hand": 1}
    assert [(one.quantity, one.state) for one in shop.first.received] == [
        (1, DispositionState.WAITING),
        (1, DispositionState.RESTOCKED),
    ]


@pytest.mark.parametrize(
    ("grade", "place"),
    [("A", "on_hand"), ("B", "apart/outlet"), ("C", "apart/refurbish"), ("D", None), ("", "apart/returned")],
)
def test_a_grade_says_where_units_go_where_nobody_says_otherwise(grade: str, place: str | None) -> None:
    shop = Returning({"A": 1})
    shop.open(units())

    shop.receive(arrived(grade=grade))

    assert shop.held("A") == ({place: 1} if place else {})


def test_whoever_receives_may_decide_otherwise_and_the_rules_of_a_document_decide_before_those_built_in() -> None:
    rules = ReturnRules(
        dispositions=(DispositionRule("defective goes back", Disposition.VENDOR, "rma.reason == 'defective'"),)
    )
    shop = Returning({"A": 2}, rules=rules)
    shop.open(units(quantity=2, reason="defective"))

    shop.receive(arrived(grade="A"), arrived(grade="A", disposition=Disposition.DESTROY))

    assert shop.held("A") == {"apart/vendor": 1}


def test_units_that_are_back_are_never_more_than_the_customer_had() -> None:
    shop = Returning({"A": 3})
    shop.open(units(quantity=2))

    refused = shop.ask(opening(units(quantity=2)))
    shop.open(units(quantity=1))

    assert _flaws(refused) == [("/lines/0/quantity", "1 unit of A of line 1 may come back")]
    assert _flaws(shop.ask(opening(units()))) == [("/lines/0/quantity", "0 units of A of line 1 may come back")]
    assert len(shop.order.returns) == 2


def test_what_did_not_come_back_may_come_back_again_once_a_return_is_over() -> None:
    shop = Returning({"A": 3})
    shop.open(units(quantity=3))
    shop.receive(arrived(quantity=1, grade="A"))
    shop.do(CloseReturn(R1, "the rest stays"))

    shop.open(units(quantity=2))

    assert _flaws(shop.ask(opening(units()))) == [("/lines/0/quantity", "0 units of A of line 1 may come back")]


def test_what_arrives_and_was_not_expected_is_kept_apart_and_credited_to_nobody() -> None:
    shop = Returning({"A": 1, "B": 1})
    shop.open(units("1"))

    shop.receive(arrived("1", 2, "A"), arrived(None, 1, "A", sku=Sku("C")), arrived("2", 1, "A"))

    assert [(one.line_id, one.sku, one.quantity, one.note) for one in shop.first.received] == [
        ("1", "A", 1, ""),
        (None, "A", 1, "more than the customer had"),
        (None, "C", 1, "another item than was sent"),
        ("2", "B", 1, ""),
    ]
    assert shop.held("C") == {"apart/returned": 1}
    assert shop.held("A") == {"apart/returned": 1, "on_hand": 1}
    assert shop.first.credited_minor == 2 * 1990


def test_a_receipt_that_is_told_twice_is_refused_unless_it_says_that_more_came() -> None:
    shop = Returning({"A": 3})
    shop.open(units(quantity=2))
    shop.receive(arrived(grade="A"))
    shop.receive(arrived(grade="A"))
    before = shop.order

    again = shop.ask(shop.receipt(arrived(grade="A")))

    assert _flaws(again) == [
        (
            "/lines/0/quantity",
            "2 of A came before, and 0 are still to come: say so (more) where these came besides",
        )
    ]
    assert shop.order == before
    assert shop.held("A") == {"on_hand": 2}

    shop.do(shop.receipt(arrived(grade="A"), is_more=True))

    assert shop.held("A") == {"on_hand": 3}
    assert shop.first.credited_minor == 3 * 1990


def test_units_that_nobody_announced_are_taken_in_once_and_told_twice_are_refused() -> None:
    shop = Returning({"A": 1, "B": 2})
    shop.open(units("1"))
    receipt = shop.receipt(arrived("2", 1, "A"), arrived(None, 1, "A", sku=Sku("C")))
    shop.do(receipt)

    assert [pointer for pointer, _ in _flaws(shop.ask(receipt))] == ["/lines/0/quantity", "/lines/1/quantity"]
    assert shop.first.credited_minor == 1990
    assert shop.held("C") == {"apart/returned": 1}


def test_a_window_closes_after_its_days_and_an_item_that_says_so_never_comes_back() -> None:
    rules = ReturnRules(windows=(ReturnWindow("short", "item.category == 'fashion'", 14),))
    unsold = item("B", attributes={"returnable": "no"})
    shop = Returning({"A": 1, "B": 1}, items=(item("A", category="fashion"), unsold, item("C")), rules=rules)

    never = shop.ask(opening(units("2")))
    shop.now = DELIVERED_AT + timedelta(days=14, hours=1)
    late = shop.ask(opening(units("1")))
    let_pass = shop.ask(opening(units("1"), exception="manager agreed"))

    assert _flaws(never) == [("/lines/0", "B cannot be returned (not returnable)")]
    assert _flaws(late) == [("/lines/0", "14 days after the delivery it is too late; the window “short” has 14")]
    assert not isinstance(let_pass, Invalid)
    assert shop.first.exception == "manager agreed"


def test_a_rule_of_risk_flags_holds_or_refuses() -> None:
    rules = ReturnRules(
        risks=(
            RiskRule("no receipt", "rma.without_receipt"),
            RiskRule("dear", "rma.value > 30.0", RiskAction.HOLD),
            RiskRule("worn", "rma.reason == 'other' && rma.days > 1.0", RiskAction.REFUSE),
        )
    )
    shop = Returning({"A": 3}, rules=rules)

    refused = shop.ask(opening(units(reason="other")))
    shop.open(units(quantity=2), is_without_receipt=True)
    shop.receive(arrived(quantity=2, grade="A"))
    held = shop.first
    shop.do(RefundReturn(R1))

    assert _flaws(refused) == [("", "is refused by the rules of risk: worn")]
    assert held.flags == ("no receipt", "dear")
    assert (held.is_refund_held, held.credited_minor) == (True, 0)
    assert (shop.first.is_refund_held, shop.first.credited_minor) == (False, 3980)


def test_a_serial_comes_back_once_and_only_if_it_was_sent() -> None:
    radio = item("A", serialized=True)
    shop = Returning({"A": 2}, items=(radio, item("B")), serials={"1": ("S1", "S2")})

    strange = shop.ask(opening(units(serials=("S9",))))
    shop.open(units(quantity=2))
    unnamed = shop.ask(shop.receipt(arrived(quantity=1)))
    shop.receive(arrived(quantity=1, grade="A", serials=("S1",)), arrived(quantity=1, grade="A", serials=("S9",)))
    again = shop.ask(opening(units(serials=("S1",))))

    assert _flaws(strange) == [("/lines/0/serials/0", "S9 was not shipped with line 1")]
    assert _flaws(unnamed) == [("/lines/0/serials", "must name the serial of each unit of A")]
    assert [(one.serials, one.note) for one in shop.first.received] == [
        (("S1",), ""),
        (("S9",), "another serial than was sent"),
    ]
    assert (A, "S1") not in shop.world.serials
    assert (A, "S2") in shop.world.serials
    assert shop.first.credited_minor == 1990
    assert isinstance(again, Invalid)


def test_a_permit_that_nobody_used_expires_and_what_comes_later_is_taken_in_all_the_same() -> None:
    shop = Returning({"A": 1})
    shop.open(units())
    early = shop.do(ExpireReturn(R1))
    shop.now += timedelta(days=30)
    shop.do(ExpireReturn(R1))
    again = shop.do(ExpireReturn(R1))
    expired = shop.first.state
    shop.receive(arrived(grade="A"))

    assert (early.events, again.events) == ((), ())
    assert expired is ReceptionState.EXPIRED
    assert shop.first.state is ReceptionState.RECEIVED
    assert shop.first.credited_minor == 1990


def test_a_return_that_is_on_its_way_does_not_expire() -> None:
    shop = Returning({"A": 1})
    shop.open(units(), method=ReturnMethod.MAIL, node=None)
    shop.do(SendReturn(R1, "parcel", "1Z9"))
    shop.now += timedelta(days=60)

    assert shop.do(ExpireReturn(R1)).events == ()
    assert (shop.first.state, shop.first.tracking_number) == (ReceptionState.IN_TRANSIT, "1Z9")


def test_each_verb_says_no_in_the_wrong_state_and_changes_nothing() -> None:
    shop = Returning({"A": 1})
    shop.open(units())
    shop.do(CancelReturn(R1, "kept after all"))
    before = shop.order

    assert shop.ask(CancelReturn(R1)) == NotPossibleNow("cancel", "canceled", ("receive",))
    assert shop.ask(CloseReturn(R1)) == NotPossibleNow("close", "canceled", ("receive",))
    assert shop.ask(SendReturn(R1)) == NotPossibleNow("send", "canceled", ("receive",))
    assert shop.ask(RefundReturn(R1)) == NotPossibleNow("refund", "canceled")
    assert shop.ask(RefundReturn(return_id(WEB_1, 7))) == NotFound("return", return_id(WEB_1, 7))
    assert shop.ask(OpenReturn(return_id(WEB_1, 7), (units(),), ReturnMethod.MAIL)) == NotFound(  # type: ignore[arg-type]
        "order", return_id(WEB_1, 7)
    )
    assert shop.order == before


def test_units_move_only_as_the_table_of_dispositions_allows() -> None:
    shop = Returning({"A": 1})
    shop.open(units())
    shop.receive(arrived(grade="C"))
    seen = shop.first.received
    shop.do(DisposeReturn(R1, (JudgedUnits(1, 1, Disposition.RESTOCK),), seen))

    refused = shop.ask(DisposeReturn(R1, (JudgedUnits(1, 1, Disposition.DESTROY),), seen))
    unknown = shop.ask(DisposeReturn(R1, (JudgedUnits(4, 1, Disposition.DESTROY),), seen))

    assert refused == NotPossibleNow("destroy", "restocked")
    assert unknown == Invalid((FieldFlaw("/lines/0/number", "no units were received under number 4"),))
    assert shop.held("A") == {"on_hand": 1}


def test_a_reason_a_node_and_a_line_must_be_known() -> None:
    shop = Returning({"A": 1})

    found = shop.ask(opening(units(reason="bored"), units(line="9"), node="ST-X"))
    no_node = shop.ask(opening(units(), node=None))
    nothing = shop.ask(opening(units(), method=ReturnMethod.NONE, node=None))

    assert [pointer for pointer, _ in _flaws(found)] == ["/lines/0/reason", "/node", "/lines/1/line_id"]
    assert _flaws(no_node) == [("/node", "is required for method in_store")]
    assert _flaws(nothing) == [("/method", "only of a claim nothing comes back")]
    assert shop.order.returns == ()


def test_the_log_of_an_order_folds_into_its_returns() -> None:
    shop = Returning({"A": 3})
    events: list[OrderEvent] = []
    before = shop.order
    for decision in (
        shop.open(units(quantity=2)),
        shop.receive(arrived(quantity=2)),
        shop.do(DisposeReturn(R1, (JudgedUnits(1, 1, Disposition.OUTLET, "B"),), shop.first.received)),
        shop.do(CloseReturn(R1)),
    ):
        events += [event for _subject, event in decision.events]  # type: ignore[misc]

    assert evolve_all(before, events) == shop.order
