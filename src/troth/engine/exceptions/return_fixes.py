"""What could be done about units that came back and wait, and about a refund that is held."""

from collections.abc import Iterator, Mapping
from typing import Final

from troth.engine.exceptions.proposal import REASON, Proposal
from troth.model.exceptions import OpenException, Source, return_named
from troth.model.fix import FixKind
from troth.model.lifecycle import Disposition, DispositionState, ReceptionState
from troth.model.order import Order
from troth.model.return_moves import CloseReturn, DisposeReturn, JudgedUnits, RefundReturn
from troth.model.returns import ReceivedUnits, Return, ReturnMethod

_KINDS: Final[Mapping[Disposition, FixKind]] = {
    Disposition.RESTOCK: FixKind.RESTOCK,
    Disposition.OUTLET: FixKind.OUTLET,
    Disposition.REFURBISH: FixKind.REFURBISH,
    Disposition.VENDOR: FixKind.VENDOR,
    Disposition.DESTROY: FixKind.DESTROY,
}


def propose_for_return(found: OpenException, order: Order) -> Iterator[Proposal]:
    """What could be done about an exception of a return."""
    one = return_of(found, order)
    if one is None:
        return
    if found.source is Source.RETURN:
        lines = tuple(JudgedUnits(got.number, got.quantity) for got in waiting_units(found, one))
        for disposition, kind in _KINDS.items():
            judged = tuple(JudgedUnits(line.number, line.quantity, disposition) for line in lines)
            yield Proposal(kind, DisposeReturn(one.return_id, judged, one.received), "all that waits there")
        return
    came = "what came" if one.received or one.method is ReturnMethod.NONE else "nothing came yet: it is, as it comes"
    replacements = () if one.exchange is None else (one.exchange.order_id,)
    credit = RefundReturn(one.return_id, reason=REASON, replacements=replacements)
    yield Proposal(FixKind.CREDIT, credit, came)
    if one.method is ReturnMethod.NONE or one.state is ReceptionState.RECEIVED:
        yield Proposal(FixKind.DENY, CloseReturn(one.return_id, REASON, replacements), "nothing more is expected")


def return_left(found: OpenException, order: Order) -> int:
    """How much of an exception of a return is left: the units that wait at its node, or one while a refund is held."""
    one = return_of(found, order)
    if one is None:
        return 0
    if found.source is Source.REFUND:
        return int(one.is_refund_held and one.closed_at is None)
    return sum(got.quantity for got in waiting_units(found, one))


def return_of(found: OpenException, order: Order) -> Return | None:
    """The return that an exception is about."""
    name = return_named(found.subject)
    return next((one for one in order.returns if one.return_id == name), None)


def waiting_units(found: OpenException, one: Return) -> tuple[ReceivedUnits, ...]:
    """The units that wait at the node of an exception."""
    return tuple(got for got in one.received if got.state is DispositionState.WAITING and got.node == found.node)
