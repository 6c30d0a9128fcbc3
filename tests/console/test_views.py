"""One thing: view models: pure functions from values to what a page shows."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import NEW_YORK, NOW, node
from tests.console.carrier_claim_events import CARRIER_CLAIM_EVENTS
from tests.console.chargeback_events import CHARGEBACK_EVENTS
from tests.console.label_events import LABEL_EVENTS
from tests.console.notification_events import NOTIFICATION_EVENTS
from tests.console.payment_events import PAYMENT_EVENTS
from tests.console.pickup_events import PICKUP_EVENTS
from tests.console.return_events import RETURN_EVENTS
from troth.console.views_audit import differences
from troth.console.views_drawing import view_hours, view_map
from troth.console.views_front import view_front
from troth.console.views_stock import view_ledger, view_positions
from troth.console.views_timeline import moment_of, tell
from troth.console.views_trace import view_decision
from troth.flows.orders.explain import Decided
from troth.model.agreement_moves import BalanceTold, BlanketOrderSet, CustomerSet
from troth.model.alerts import AlertAction
from troth.model.blanket import BlanketOrder
from troth.model.cart_hold import CartHold, CartHoldState, HeldUnits
from troth.model.change import FieldChange
from troth.model.commands import ExpectedLine, LineQuantity
from troth.model.credit import CustomerTerms
from troth.model.events import (
    EVENTS,
    AcceptanceMissed,
    AlertRaised,
    BackorderCovered,
    CartHeld,
    CartHoldEnded,
    CartHoldExtended,
    ConfigurationSet,
    DuplicateReceived,
    Event,
    ExceptionMarked,
    FixApplied,
    FulfillmentAccepted,
    FulfillmentCollected,
    FulfillmentDelivered,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentReceived,
    FulfillmentRejected,
    FulfillmentShipped,
    FulfillmentUnaccepted,
    FulfillmentUnpacked,
    FulfillmentUnpicked,
    FulfillmentUnstaged,
    HoldAssigned,
    HoldExtended,
    HoldLifted,
    HoldPlaced,
    OrderCanceled,
    OrderCaptured,
    OrderChanged,
    OrderReleased,
    OrderResourced,
    PartsChange,
    PromiseChanged,
    PromiseMove,
    RecallAnswered,
    RecallEnded,
    RecallRequested,
    ReleasePlanned,
    SerialsNamed,
    SourcingFailed,
    StockAdjusted,
    StockCounted,
    SupplyExpected,
    SupplyGivenUp,
    TrackingRecorded,
    UnitsQueued,
    WorkRedated,
    WorkUpgraded,
)
from troth.model.explanation import Candidate, Explanation, Flip
from troth.model.front import Front, FrontPlan, Span
from troth.model.ids import CartHoldId, FulfillmentId, HoldId, LineId, NodeId, OrderId, Sku
from troth.model.inventory import ON_HAND, Balance, Source, SupplyKey, lot_source
from troth.model.lifecycle import AllocationState
from troth.model.node_messages import MessageKind, NodeSilent, NodeTold, ToldWork
from troth.model.order import Allocation, Customer, Fulfillment, Hold, Line, Method, Order, Package
from troth.model.plan import Alternative, Plan, Shipment, Trace
from troth.model.recall import Recall, RecallKind, RecallUnits
from troth.model.refusals import (
    REFUSALS,
    Busy,
    ContentDiffers,
    FieldFlaw,
    FixOutdated,
    Forbidden,
    Held,
    HoldLimit,
    Invalid,
    KeyReused,
    LiftReserved,
    NotFound,
    NotPossibleNow,
    OverCalled,
    OverCalledLine,
    PickupLocked,
    QuoteOutdated,
    Refusal,
    ShortLine,
    StockShort,
    Unauthorized,
    VersionConflict,
    WorkWithdrawn,
)
from troth.model.release import PlannedRelease, WaveTake
from troth.model.serials import UnitSerial
from troth.model.ship_notice import ShipNoticeSent
from troth.model.status import OrderStatus
from troth.model.transfer_moves import TransferLost, TransferReceived, TransferShipped, TransferUnits
from troth.pages.views import status_chip
from troth.pages.views_refusal import tell_refusal
from troth.store.codec import encode
from troth.store.events import LoggedEvent

WORK = FulfillmentId("O-1-F2")
PARTS = PartsChange()
FULFILLMENT = Fulfillment(WORK, NodeId("DC-PA"), Method.SHIP, "standard", NOW, NOW, NOW, {"shipping": 700, "split": 0})
PART = Allocation(1, LineId("1"), Sku("A"), NodeId("DC-PA"), 2, AllocationState.RESERVED, WORK)
ORDER = Order(
    order_id=OrderId("O-1"), channel="web", external_id="W-1", digest="d", version=1, currency="USD", ordered_at=NOW,
    captured_at=NOW, release_at=NOW, customer=Customer(), ship_to=NEW_YORK, method=Method.SHIP, pickup_node=None,
    service="", ship_complete=False, lines=(Line(LineId("1"), Sku("A"), 2),), allocations=(PART,),
    fulfillments=(FULFILLMENT,),
)  # fmt: skip
CART = CartHoldId("C-1")
PUT_OFF = PromiseMove(LineId("1"), Sku("A"), 1, NOW, NOW)
RECALL = Recall(
    "R1", FulfillmentId("O-1-F1"), NodeId("DC-PA"), RecallKind.CANCEL, (RecallUnits(LineId("1"), 2),), "not wanted",
    "user/ann", NOW, NOW + timedelta(minutes=30),
)  # fmt: skip

_TERMS = CustomerTerms("C-1", credit_limit_minor=25_000)
_BLANKET = BlanketOrder("BO-1", "C-1", "USD", NOW, NOW, ())
_TOLD_WORK = ToldWork(
    WORK, OrderId("O-1"), "web", "W-1", Method.SHIP, "standard", "", NOW, NOW, "Ada Park", "", None, ()
)
EVERY_EVENT: tuple[tuple[Event, str], ...] = (
    *PAYMENT_EVENTS,
    *CARRIER_CLAIM_EVENTS,
    *CHARGEBACK_EVENTS,
    *NOTIFICATION_EVENTS,
    *RETURN_EVENTS,
    *PICKUP_EVENTS,
    *LABEL_EVENTS,
    (OrderCaptured(ORDER), "Captured from web as W-1, promised from DC-PA."),
    (DuplicateReceived(OrderId("O-1")), "The channel sent the same order again; nothing changed."),
    (
        OrderChanged(
            (),
            None,
            Method.SHIP,
            None,
            "",
            (FieldChange(LineId("1"), "quantity", "2", "3"), FieldChange(LineId("2"), "quantity", "1", "0")),
            "asked by phone",
            NOW,
            PARTS,
        ),
        "Changed: quantity of line 1 from 2 to 3 and line 2 removed (asked by phone).",
    ),
    (OrderCanceled((LineQuantity(LineId("1"), 2),), "too late", NOW, PARTS), "Canceled 2 of line 1: too late."),
    (HoldPlaced(Hold(HoldId("H1"), "fraud", "odd", "user/x", NOW)), "Hold H1 (fraud) was placed: odd."),
    (HoldLifted(HoldId("H1"), has_expired=True), "Hold H1 expired."),
    (
        HoldAssigned(HoldId("H1"), "head_of_fraud", NOW, is_escalated=True),
        "Hold H1 was given to head of fraud, as its time was over.",
    ),
    (
        HoldExtended(HoldId("H1"), NOW, "they look for it", NOW),
        "Hold H1 was given time until Nov 23, 15:00 UTC: they look for it.",
    ),
    (OrderReleased(NOW, True, PARTS), "Released to its nodes before the remorse period ended."),
    (
        OrderReleased(NOW, False, PARTS, WaveTake("noon~DC-PA~20261123T1700Z", 1, 2, 3)),
        "Released to its nodes in wave noon~DC-PA~20261123T1700Z.",
    ),
    (
        RecallRequested(RECALL, NOW, "web", "W-1", Customer()),
        "DC-PA was asked to give back 2 of line 1 (cancel) until Nov 23, 15:30 UTC.",
    ),
    (
        RecallAnswered(
            "R1", FulfillmentId("O-1-F1"), True, (), "node", "put back", NOW, PARTS, "web", "W-1", Customer()
        ),
        "The node of fulfillment F1 gave work back: put back.",
    ),
    (
        RecallAnswered(
            "R1", FulfillmentId("O-1-F1"), False, (), "clock", "", NOW, PARTS, "web", "W-1", Customer(), has_lapsed=True
        ),
        "The node of fulfillment F1 keeps its work by its silence.",
    ),
    (
        RecallEnded("R1", FulfillmentId("O-1-F1"), "it has left", NOW, "web", "W-1", Customer()),
        "The recall R1 of fulfillment F1 is over: it has left.",
    ),
    (
        ReleasePlanned(
            (
                PlannedRelease(FulfillmentId("O-1-F1"), NOW, NOW),
                PlannedRelease(FulfillmentId("O-1-F2"), NOW, NOW, "noon~DC-PA~20261123T1700Z"),
            ),
            NOW,
        ),
        "Will be released at Nov 23, 15:00 UTC and in wave noon~DC-PA~20261123T1700Z.",
    ),
    (FulfillmentAccepted(WORK, NOW, PARTS), "Fulfillment F2 was accepted by its node."),
    (FulfillmentRejected(WORK, "store_closed", NOW, PARTS), "Fulfillment F2 was rejected by its node: store closed."),
    (
        FulfillmentRejected(WORK, "predicted_late", NOW, PARTS),
        "Fulfillment F2 was taken from its node: it would probably be late there.",
    ),
    (
        FulfillmentPicked(WORK, NOW, PARTS, (LineQuantity(LineId("1"), 1),)),
        "Fulfillment F2 was picked, but 1 of line 1 not found.",
    ),
    (FulfillmentPacked(WORK, (Package("1"),), NOW, PARTS), "Fulfillment F2 was packed in 1 package."),
    (FulfillmentReady(WORK, "A3", NOW, PARTS), "Fulfillment F2 waits for the customer at A3."),
    (FulfillmentReceived(WORK, NodeId("ST-NYC"), ("1",), NOW), "Fulfillment F2 came in at ST-NYC: 1 package."),
    (FulfillmentUnaccepted(WORK, "", NOW, PARTS), "Fulfillment F2 is to be accepted again."),
    (FulfillmentUnpicked(WORK, "wrong_order", NOW, PARTS), "Fulfillment F2 was put back onto the shelf: wrong order."),
    (FulfillmentUnpacked(WORK, "", NOW, PARTS), "Fulfillment F2 was taken out of its packages."),
    (FulfillmentUnstaged(WORK, "", NOW, PARTS), "Fulfillment F2 does not wait for the customer any more."),
    (
        FulfillmentShipped(WORK, (Package("1", carrier="ground", tracking_number="T1"),), NOW, PARTS),
        "Fulfillment F2 was shipped by ground, tracking T1.",
    ),
    (FulfillmentCollected(WORK, "Ada", NOW, PARTS), "Fulfillment F2 was collected by Ada."),
    (FulfillmentDelivered(WORK, NOW, PARTS), "Fulfillment F2 was delivered."),
    (TrackingRecorded(WORK, "ground", "T1", "in_transit", NOW, "Ohio"), "ground reports T1: in transit in Ohio."),
    (
        SerialsNamed(WORK, (UnitSerial(LineId("1"), Sku("A"), "SN-1"),), NOW),
        "Fulfillment F2 got the serials SN-1.",
    ),
    (OrderResourced(PartsChange(added=(PART,))), "Promised: 2 × A at DC-PA."),
    (SourcingFailed((LineQuantity(LineId("1"), 1),)), "Nobody can provide 1 of line 1: a person must decide."),
    (
        UnitsQueued((LineQuantity(LineId("1"), 1),), NOW, NOW),
        "Nobody can provide 1 of line 1: they wait for stock until Nov 23, 15:00 UTC.",
    ),
    (
        SupplyGivenUp((LineQuantity(LineId("1"), 1),), "a count found less of A at DC-PA", NOW, PARTS),
        "Gave up the supply of 1 of line 1: a count found less of A at DC-PA.",
    ),
    (
        PromiseChanged(
            (PromiseMove(LineId("1"), Sku("A"), 1, NOW, NOW),),
            "purchase order 45 slipped",
            NOW,
            "web",
            "W-1",
            Customer(),
        ),
        "Promised for another time: line 1 by Nov 23, 15:00 UTC instead of Nov 23, 15:00 UTC"
        " (purchase order 45 slipped).",
    ),
    (
        WorkUpgraded(WORK, "express", "ups", NOW, {"shipping": 1299}, "truck broke down", NOW),
        "Fulfillment F2 goes by express and has to leave by Nov 23, 15:00 UTC now (truck broke down).",
    ),
    (
        WorkRedated(WORK, NOW, NOW, NOW, "truck broke down", NOW),
        "Fulfillment F2 was late and is promised for Nov 23, 15:00 UTC now (truck broke down).",
    ),
    (
        ExceptionMarked("line:O-1:1", "short", "maya", NOW, "called", NOW),
        "The short exception is looked after by maya, put off until Nov 23, 15:00 UTC: called.",
    ),
    (
        FixApplied("line:O-1:1", "late_work", OrderId("O-1"), "new_date", "new_date-1", "agreed", 4, NOW),
        "Fixed the late work exception: new date (agreed).",
    ),
    (
        AcceptanceMissed(WORK, NodeId("V-1"), NOW, NOW),
        "Fulfillment F2 was not accepted by V-1 until Nov 23, 15:00 UTC.",
    ),
    (
        AlertRaised(WORK, NodeId("V-1"), "r", AlertAction.TELL, "picked", NOW, NOW, 80, NOW),
        "Fulfillment F2 will probably (80 %) not be there by Nov 23, 15:00 UTC: the customer is told.",
    ),
    (
        BackorderCovered("PO-1", PartsChange(added=(PART,))),
        "Expected supply PO-1 arrived: 2 × A at DC-PA now on hand.",
    ),
    (
        StockAdjusted(Sku("A"), NodeId("DC-PA"), ON_HAND, -2, "short_pick"),
        "Stock of A at DC-PA was moved by -2 (short pick).",
    ),
    (
        StockCounted(Sku("A"), NodeId("DC-PA"), ON_HAND, 7, NOW, 1),
        "A was counted at DC-PA: 7 on hand, +1 to the books.",
    ),
    (
        SupplyExpected("45", (ExpectedLine(1, NodeId("DC-PA"), Sku("A"), 5, NOW),)),
        "Purchase order 45 brings 5 units in 1 line.",
    ),
    (
        TransferShipped("T-7", NodeId("DC-PA"), NodeId("ST-NYC"), (TransferUnits(1, Sku("A"), 10, 3),), NOW),
        "Transfer T-7: 3 units left DC-PA for ST-NYC.",
    ),
    (
        TransferReceived("T-7", NodeId("ST-NYC"), (TransferUnits(1, Sku("A"), 10, 1),)),
        "Transfer T-7: 1 unit arrived at ST-NYC.",
    ),
    (
        TransferReceived(
            "T-7",
            NodeId("ST-NYC"),
            (
                TransferUnits(1, Sku("A"), 10, 2, "L-7"),
                TransferUnits(2, Sku("M"), 9000, 1250, "L-8", decimals=3),
            ),
        ),
        "Transfer T-7: 2 units and 1.250 of M (lots L-7 and L-8) arrived at ST-NYC.",
    ),
    (
        TransferLost("T-7", NodeId("ST-NYC"), (TransferUnits(1, Sku("A"), 10, 2),), "damaged"),
        "Transfer T-7: 2 units will not arrive (damaged).",
    ),
    (
        CartHeld(CartHold(CART, "web", (HeldUnits(SupplyKey(Sku("A"), NodeId("DC-PA")), 2),), NOW, NOW)),
        "2 units kept for a cart of web until Nov 23, 15:00 UTC.",
    ),
    (CartHoldExtended(CART, NOW), "The cart's units are kept until Nov 23, 15:00 UTC."),
    (CartHoldEnded(CART, CartHoldState.USED, OrderId("O-1")), "The cart's units went to order O-1."),
    (CustomerSet(_TERMS, 1, NOW), "Customer C-1 was created; its credit is up to 250.00 USD."),
    (
        CustomerSet(CustomerTerms("C-1"), 2, NOW, _TERMS),
        "Customer C-1 was changed; its credit is not limited.",
    ),
    (
        BalanceTold("C-1", 420_000, "USD", NOW, NOW),
        "Customer C-1 had left 4200.00 USD unpaid as of Nov 23, 15:00 UTC.",
    ),
    (
        ShipNoticeSent(WORK, "856-17", NOW, NOW, is_late=True),
        "The ship notice 856-17 of fulfillment F2 was sent, after it was due at Nov 23, 15:00 UTC.",
    ),
    (BlanketOrderSet(_BLANKET, 1, NOW), "Blanket order BO-1 with C-1 was agreed on."),
    (
        NodeTold(NodeId("3PL-1"), 17, MessageKind.RELEASE, _TOLD_WORK, NOW, repeats=12),
        "Node 3PL-1 was told of its work O-1-F2, once more (message 17).",
    ),
    (
        NodeSilent(NodeId("3PL-1"), WORK, "acknowledge", NOW, NOW),
        "Fulfillment F2 was not acknowledged by 3PL-1 until Nov 23, 15:00 UTC.",
    ),
    (ConfigurationSet("node", "DC-PA", {"a": 1}), "Node DC-PA was created."),
)
EVERY_REFUSAL: tuple[tuple[Refusal, str], ...] = (
    (PickupLocked(NOW), "No code is looked at until Nov 23, 15:00 UTC."),
    (WorkWithdrawn("O-1-F2", "3PL-1", "canceled"), "O-1-F2 at 3PL-1 is canceled."),
    (
        StockShort((ShortLine(LineId("1"), Sku("A"), 3, 1, NOW, "no_stock"),)),
        "Line 1 (A): 3 asked, 1 could be promised, at the earliest Nov 23, 15:00 (no stock).",
    ),
    (Invalid((FieldFlaw("/x", "a thing is wrong"),)), "A thing is wrong."),
    (NotFound("order", "O-1"), "There is no order O-1."),
    (ContentDiffers("O-1"), "It is known as O-1."),
    (KeyReused("k"), ""),
    (NotPossibleNow("ship", "on_hold", ("lift",)), "Ship is not possible: it is on hold. Possible now: lift."),
    (Held(("H1", "H2")), "Its holds: H1, H2."),
    (LiftReserved("H1", ("fraud_desk",)), "H1 is lifted by fraud desk."),
    (FixOutdated("wait-1", ()), "Look again at what can be done now."),
    (VersionConflict("3", "4"), "Expected version 3, found 4."),
    (Busy(4), "It was tried 4 times."),
    (HoldLimit(50, 48, 6), "6 are asked, 48 are kept already, and 50 may be."),
    (OverCalled("BO-1", (OverCalledLine(Sku("A"), 5, 3),)), "A: 5 called off, 3 left."),
    (OverCalled("BO-1", (), 50_000, 20_000, "USD"), "500.00 USD called off, 200.00 USD left."),
    (QuoteOutdated("P-0", ()), "Quote it again to see what can be had now."),
    (Unauthorized(), ""),
    (Forbidden("admin"), "It needs admin."),
)


@pytest.mark.parametrize(("event", "sentence"), EVERY_EVENT, ids=lambda value: type(value).__name__)
def test_every_event_is_told_in_a_sentence(event: Event, sentence: str) -> None:
    assert tell(event) == sentence


def test_no_kind_of_event_lacks_its_sentence() -> None:
    assert {type(event) for event, _ in EVERY_EVENT} == set(EVENTS.values())


@pytest.mark.parametrize(("refusal", "fact"), EVERY_REFUSAL, ids=lambda value: type(value).__name__)
def test_every_refusal_is_told_with_its_facts(refusal: Refusal, fact: str) -> None:
    sentence, facts = tell_refusal(refusal)
    assert sentence.endswith(".")
    assert facts == ((fact,) if fact else ())


def test_no_refusal_lacks_its_words() -> None:
    assert {type(refusal) for refusal, _ in EVERY_REFUSAL} == set(REFUSALS.values())


def test_every_status_has_a_chip_of_its_own_tone_and_shape() -> None:
    chips = [status_chip(status) for status in OrderStatus]
    assert len({chip.tone for chip in chips}) == len({chip.shape for chip in chips}) == len(chips)
    assert status_chip("odd_status").text == "Odd status"


def test_the_body_of_an_event_is_laid_out_to_be_read() -> None:
    event = HoldLifted(HoldId("H1"))
    shown = moment_of(LoggedEvent("O-1", NOW, (1, 1), "HoldLifted", 1, encode(event), "user/x", "", ""))
    assert shown.body == '{\n  "hold_id": "H1",\n  "has_expired": false,\n  "because": ""\n}'


def test_a_front_is_drawn_with_the_chosen_plan_on_top_and_told_in_money() -> None:
    def sent(name: str, minor: int, **facts: Any) -> FrontPlan:
        shipment = Shipment(NodeId(name), Method.SHIP, "standard", NOW, NOW, NOW, (), {"shipping": minor, "delay": 150})
        return FrontPlan((shipment,), minor, 100 * minor, **facts)

    plans = (
        sent("DC-PA", 700, delay_days=4, is_chosen=True, at_day=Span(0, 50), at_shipment=Span(0, None)),
        sent("DC-IL", 900, delay_days=0, is_chosen=False, day_minor=50),
    )
    weights = {"delay_minor_per_day": 20, "split_minor": 100}
    view = view_front(Front(plans, weights, is_complete=True), "USD")
    assert view.parts == ("shipping",)
    assert [(row.label, row.difference, row.worth, row.best) for row in view.rows] == [
        ("DC-PA by standard", 0, (), ("a day: up to $0.50", "a shipment: whatever it counts")),
        ("DC-IL by standard", 200, ("a day at $0.50",), ()),
    ]
    assert [(dot.x, dot.y, dot.is_chosen) for dot in view.dots] == [(78.0, 18.0, False), (540.0, 166.0, True)]
    assert [told for _place, told in view.days] == ["0", "1", "2", "3", "4"]
    assert [told for _place, told in view.amounts] == ["$7.00", "$8.00", "$9.00"]
    assert view_front(Front(plans[:1], weights, is_complete=True), "USD").dots == ()


def test_a_decision_shows_what_the_best_of_the_rest_would_have_cost_more() -> None:
    rival = Alternative((NodeId("DC-IL"),), {"shipping": 900, "delay": 150}, NOW)
    trace = Trace("subset", 12, {"no_stock": 3, "inactive": 0}, gap=None)
    sent = Shipment(NodeId("DC-PA"), Method.SHIP, "standard", NOW, NOW, NOW, (), {"shipping": 700})
    flip = Flip("cost", 350, (NodeId("DC-IL"),), -1, 0, NOW, NodeId("DC-IL"))
    near = Candidate(NodeId("ST-NYC"), "dearer", "", 1, NOW, {"shipping": 950}, dearer_minor=250)
    told = Explanation(Plan((sent,), (), trace), (near,), (rival,), (flip,), "")
    why = view_decision(Decided(1, NOW, trace, (FULFILLMENT,), told, is_reproduced=True), "USD")
    assert why.parts == ("shipping", "delay")
    assert [(row.label, row.parts, row.total) for row in why.chosen] == [("DC-PA", (700, 0), 700)]
    assert [(row.label, row.parts, row.difference) for row in why.rivals] == [("DC-IL", (900, 150), 350)]
    assert [(bar.start, bar.width) for bar in why.rivals[0].bars] == [(0.0, 85.71), (85.71, 14.29)]
    assert why.removed == ("3 nodes without any of what is asked for",)
    assert why.gap is None
    assert [(row.node, row.total, row.told) for row in why.candidates] == [("ST-NYC", 950, "2.50 USD dearer")]
    assert why.flips == ("A shipment from DC-IL would have to cost 3.50 USD less to be chosen.",)


def test_the_chart_has_a_bar_for_each_of_24_hours_and_none_is_higher_than_it_is() -> None:
    hour = NOW.replace(minute=0)
    chart = view_hours({hour: 30, hour - timedelta(hours=23): 15, hour - timedelta(hours=24): 99}, NOW)
    assert (chart.total, chart.top, len(chart.bars)) == (45, 40, 24)
    assert [(bar.slot, bar.height) for bar in chart.bars if bar.orders] == [(0, 37.5), (23, 75.0)]
    assert [bar.slot for bar in chart.bars if bar.is_current] == [23]


def test_the_map_keeps_places_and_their_labels_inside() -> None:
    drawn = view_map((node("DC-PA"), node("DC-CA")), NEW_YORK)
    assert drawn is not None
    assert drawn.summary == "From DC-PA, DC-CA to New York"
    for place in (*drawn.nodes, drawn.destination):
        assert 0 < place.x < drawn.width
        assert 0 < place.y < drawn.height
    assert drawn.destination.x > drawn.nodes[0].x > drawn.nodes[1].x
    assert view_map((), NEW_YORK) is None


def test_the_map_of_neighbors_puts_their_labels_apart() -> None:
    drawn = view_map((node("ST-NYC"),), NEW_YORK)
    assert drawn is not None
    assert drawn.destination.is_left is not drawn.nodes[0].is_left


def test_the_map_lifts_a_label_that_would_lie_on_another() -> None:
    drawn = view_map((node("ST-NYC"), node("DC-CA")), NEW_YORK)
    assert drawn is not None
    near = drawn.nodes[0]
    assert near.is_left is drawn.destination.is_left
    assert abs(near.label_y - drawn.destination.label_y) > 11


def test_positions_come_with_most_on_hand_first_and_dated_supplies_by_date() -> None:
    po = Source("po/45/1")
    positions = view_positions(
        [
            Balance(SupplyKey(Sku("A"), NodeId("DC-IL")), 5, 7, 2),
            Balance(SupplyKey(Sku("A"), NodeId("DC-PA")), 9, 4),
            Balance(SupplyKey(Sku("A"), NodeId("DC-IL"), Source("po/46/1")), 3, 0, 0, NOW + timedelta(days=9)),
            Balance(SupplyKey(Sku("A"), NodeId("DC-IL"), po), 8, 1, 0, NOW + timedelta(days=2)),
            Balance(SupplyKey(Sku("A"), NodeId("DC-IL"), Source("po/44/1")), 0, 0, 0, NOW),
        ],
        {"DC-PA": node("DC-PA")},
        NOW,
    )
    assert [(p.node, p.on_hand, p.available, p.deficit) for p in positions] == [("DC-PA", 9, 5, 0), ("DC-IL", 5, 0, 2)]
    assert [(supply.text, supply.units) for supply in positions[1].incoming] == [
        ("purchase order 45, line 1", 8),
        ("purchase order 46, line 1", 3),
    ]
    assert positions[1].incoming_units == 11


def test_a_position_counts_its_lots_and_nothing_of_one_that_has_expired_is_available() -> None:
    def lot(name: str, units: int, last: date | None) -> Balance:
        return Balance(SupplyKey(Sku("A"), NodeId("DC-PA"), lot_source(name)), units, 1, expires_on=last)

    (position,) = view_positions(
        [lot("", 5, None), lot("L-1", 4, NOW.date() - timedelta(days=1)), lot("L-2", 3, NOW.date())],
        {"DC-PA": node("DC-PA")},
        NOW,
    )

    assert (position.on_hand, position.reserved, position.available) == (12, 3, 6)
    assert [(one.name, one.available, one.is_expired) for one in position.lots] == [
        ("L-1", 0, True), ("L-2", 2, False),
    ]  # fmt: skip


def test_the_ledger_runs_back_from_what_a_supply_holds_now() -> None:
    entry = {"at": NOW, "order_id": None, "allocation": None, "reason": "", "reference": "", "source": "on_hand"}
    rows = view_ledger(
        [
            entry | {"kind": "post", "on_hand_delta": -2, "reserved_delta": -2},
            entry | {"kind": "pending", "on_hand_delta": 0, "reserved_delta": 2},
            entry | {"kind": "expect", "on_hand_delta": 5, "reserved_delta": 0, "source": "po/45/1"},
            entry | {"kind": "receipt", "on_hand_delta": 10, "reserved_delta": 0},
        ],
        [
            Balance(SupplyKey(Sku("A"), NodeId("DC-PA")), 8, 0),
            Balance(SupplyKey(Sku("A"), NodeId("DC-PA"), Source("po/45/1")), 5, 0),
        ],
        "DC-PA",
    )
    assert [(row.what, row.on_hand, row.reserved) for row in rows] == [
        ("Left the building", 8, 0),
        ("Reserved", 10, 2),
        ("Expected", 5, 0),
        ("Receipt", 10, 0),
    ]


def test_only_fields_that_differ_are_told() -> None:
    changed = differences({"a": 1, "b": {"c": [1], "d": None}, "e": "x"}, {"a": 1, "b": {"c": [1, 2]}, "f": True})
    assert [(field.field, field.before, field.after) for field in changed] == [
        ("b.c", "[1]", "[1,2]"),
        ("e", "x", None),
        ("f", None, "true"),
    ]
