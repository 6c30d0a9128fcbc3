"""What a node with a system of its own is to be told of its work now, after what it was told before."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from troth.model.ids import LineId, Sku
from troth.model.inventory import lot_of
from troth.model.lifecycle import AllocationState, RecallState
from troth.model.measure import shown
from troth.model.node_messages import MessageKind, ToldLine, ToldRecall, ToldWork
from troth.model.order import Fulfillment, Order
from troth.model.value import dataclass
from troth.model.ways import destination_of

_OPEN: Final = frozenset(
    {
        AllocationState.RELEASED,
        AllocationState.ACCEPTED,
        AllocationState.PICKED,
        AllocationState.PACKED,
        AllocationState.READY,
    }
)
_NOT_ASKED: Final = frozenset(
    {
        AllocationState.BACKORDERED,
        AllocationState.RESERVED,
        AllocationState.REJECTED,
        AllocationState.SPLIT,
        AllocationState.CANCELED,
        AllocationState.REPLACED,
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a node: its work, how many units it asks for, and whether any of it is still to be done."""

    work: ToldWork
    units: int
    is_open: bool

    @property
    def digest(self) -> str:
        """What names all that is asked, but for a recall: of the same work it is the same."""
        return blake2b(repr(replace(self.work, recall=None)).encode(), digest_size=12).hexdigest()

    @property
    def recall_id(self) -> str:
        """The recall that the node has to answer; empty where there is none."""
        return "" if self.work.recall is None else self.work.recall.recall_id


@dataclass(frozen=True, slots=True)
class LastTold:
    """What a node was told last of some work: so many units (0: it is withdrawn), under a digest; of which recall."""

    units: int
    digest: str
    recall_id: str = ""


def ask(order: Order, work: Fulfillment, names: Mapping[Sku, str]) -> Asked:
    """What is asked of the node of some work now, by the names of items. What it did not find it was still asked for,
    so that it is not told what it has said itself.
    """
    parts = [
        part
        for part in order.allocations
        if part.fulfillment_id == work.fulfillment_id and part.state not in _NOT_ASKED
    ]
    lines = {line.line_id: line for line in order.lines}
    units: dict[tuple[LineId, Sku, str], int] = {}
    for part in parts:
        key = (part.line_id, part.sku, lot_of(part.source))
        units[key] = units.get(key, 0) + part.quantity
    recall = next(
        (
            one
            for one in reversed(order.recalls)
            if one.fulfillment_id == work.fulfillment_id and one.state is RecallState.REQUESTED
        ),
        None,
    )
    asked_back = None
    if recall is not None:
        back = tuple(
            _line(one.line_id, lines[one.line_id].sku, one.quantity, lines[one.line_id].decimals, names)
            for one in recall.units
            if one.line_id in lines
        )
        asked_back = ToldRecall(recall.recall_id, recall.answer_by, back)
    told = ToldWork(
        work.fulfillment_id,
        order.order_id,
        order.channel,
        order.external_id,
        work.method,
        work.service,
        work.carrier,
        work.ship_by,
        work.promised_at,
        order.customer.name,
        order.customer.phone,
        destination_of(order, work.fulfillment_id),
        tuple(
            replace(_line(line_id, sku, count, lines[line_id].decimals, names), lot=lot)
            for (line_id, sku, lot), count in sorted(units.items())
        ),
        work.via,
        dict(order.attributes),
        asked_back,
    )
    return Asked(told, sum(units.values()), any(part.state in _OPEN for part in parts))


def find_kind(before: LastTold | None, now: Asked) -> MessageKind | None:
    """What a node is to be told; None where it knows everything, or nothing is left for it to do."""
    if before is None or not before.units:
        return MessageKind.RELEASE if now.is_open else None
    if not now.units:
        return MessageKind.WITHDRAWAL
    if not now.is_open:
        return None
    if now.recall_id and now.recall_id != before.recall_id:
        return MessageKind.RECALL
    return None if now.digest == before.digest else MessageKind.CHANGE


def _line(line_id: LineId, sku: Sku, units: int, decimals: int, names: Mapping[Sku, str]) -> ToldLine:
    return ToldLine(line_id, sku, names.get(sku, ""), shown(units, decimals))
