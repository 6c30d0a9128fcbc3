"""Stock that is kept for a blanket order by rules of exposure, as the page on business orders says."""

from dataclasses import replace
from datetime import timedelta

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.blanket import BLANKET_ORDER, Agreement, BlanketLine, BlanketOrder
from troth.model.capture_order import CaptureOrder
from troth.model.commands import AdjustStock
from troth.model.exposure import DemandClass, ExposureRules, Protection
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.refusals import OverCalled, Refusal, StockShort
from troth.replay.world import World

A = Sku("A")
RULES = ExposureRules(
    classes=(DemandClass("agreed", 0, 'order.attributes["blanket_order"] == "BO-17"'),),
    protections=(
        Protection(
            "BO-17",
            "agreed",
            units=8,
            needed_from=NOW - timedelta(days=1),
            needed_until=NOW + timedelta(days=30),
            is_pooled=True,
        ),
    ),
)
BLANKET = BlanketOrder(
    "BO-17", "C-1", "USD", NOW - timedelta(days=1), NOW + timedelta(days=90), (BlanketLine(A, 1_990, 8),)
)


def _order(name: str, units: int, *, is_call_off: bool) -> CaptureOrder:
    command = capture(name, {"A": units})
    return replace(command, attributes={BLANKET_ORDER: "BO-17"}) if is_call_off else command


def test_others_leave_what_is_kept_and_call_offs_take_it_and_use_it_up() -> None:
    world = World(compile_network((node("DC-PA"),)), {A: item("A")}, rules=(("rules", "rules@1", RULES),))
    world.agreements["BO-17"] = Agreement(BLANKET)
    world.apply(AdjustStock(SupplyKey(A, NodeId("DC-PA")), 10, "initial"), now=NOW)

    def ask(name: str, units: int, *, is_call_off: bool = False) -> Decision | Refusal:
        return world.apply(_order(name, units, is_call_off=is_call_off), now=NOW)

    assert isinstance(ask("other-1", 3), StockShort)
    assert isinstance(ask("other-2", 2), Decision)
    assert isinstance(ask("call-1", 5, is_call_off=True), Decision)
    assert isinstance(ask("other-3", 1), StockShort)
    assert isinstance(ask("call-2", 3, is_call_off=True), Decision)
    assert isinstance(ask("call-3", 1, is_call_off=True), OverCalled)
    assert world.agreements["BO-17"].called.units == {A: 8}
