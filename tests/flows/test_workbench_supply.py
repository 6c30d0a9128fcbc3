"""More promised than there is: what its nodes have and have not picked can be taken from them."""

from tests.builders import accepted, capture, fixed, stock
from troth.flows.door.system import System
from troth.flows.exceptions.fixing import apply_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.model.commands import PickWork, ReleaseOrder
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.fix import FixKind
from troth.model.order import Order
from troth.model.status import live_allocations


async def _released(system: System, name: str, units: int, **attributes: str) -> Order:
    order = accepted(await system.door.one(capture(name, {"A": units}, attributes=attributes), actor="web"))
    return accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))


async def _lacking(system: System, units: int) -> OpenException:
    """The supply after a count found so many units less."""
    await stock(system, {("A", "DC-PA"): -units})
    ((found, _risk),) = (await find_open(system, Filters())).items
    assert found.kind is ExceptionKind.DEFICIT
    return found


async def _looked(system: System, found: OpenException) -> Looked:
    looked = await look(system, found, role="operator")
    assert isinstance(looked, Looked), looked
    return looked


async def test_the_least_important_order_is_taken_from_its_node_first_and_that_settles_the_deficit(
    system: System,
) -> None:
    await stock(system, {("A", "DC-PA"): 4})
    first = await _released(system, "W-1", 2, priority="5")
    last = await _released(system, "W-2", 2)
    await stock(system, {("A", "DC-IL"): 9})
    found = await _lacking(system, 2)
    looked = await _looked(system, found)
    taken = [fix for fix in looked.fixes if fix.kind is FixKind.RE_SOURCE]

    done = await apply_fix(
        system, found.exception_id, taken[0].fix_id, version=taken[0].version, reason="", actor="maya", role=""
    )

    assert [(fix.order_id, fix.is_whole) for fix in taken] == [(last.order_id, True), (first.order_id, True)]
    after = fixed(done)
    assert [part.node for part in live_allocations(after)] == ["DC-IL"]
    assert (await find_open(system, Filters())).items == ()


async def test_where_the_units_can_be_had_nowhere_else_as_many_as_are_lacking_can_be_canceled(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 4, ("B", "DC-PA"): 1})
    order = accepted(await system.door.one(capture("W-1", {"A": 4, "B": 1}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    found = await _lacking(system, 3)
    fixes = (await _looked(system, found)).fixes

    done = await apply_fix(
        system, found.exception_id, fixes[0].fix_id, version=fixes[0].version, reason="", actor="maya", role=""
    )

    assert [(fix.kind, fix.detail, fix.price_minor) for fix in fixes] == [
        (FixKind.PARTIAL, "W-1, without 3", -3 * 1990),
        (FixKind.CANCEL, "W-1, the whole order", -5 * 1990),
    ]
    after = fixed(done)
    assert [line.canceled_quantity for line in after.lines] == [3, 0]
    assert (await find_open(system, Filters())).items == ()


async def test_what_is_picked_is_there_and_is_taken_from_nobody(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = await _released(system, "W-1", 2)
    accepted(await system.door.one(PickWork(order.fulfillments[0].fulfillment_id), actor="node"))
    await stock(system, {("A", "DC-IL"): 9})
    found = await _lacking(system, 1)

    assert (await _looked(system, found)).fixes == ()
