"""Proposing how a node packs its work: which boxes, and what goes into each."""

import asyncio
from typing import Final

from troth.engine.packing.choose_boxes import pack
from troth.engine.packing.pieces import find_pieces, parts_to_pack
from troth.flows.door.system import System
from troth.model.order import Fulfillment, Order
from troth.model.packing import BoxSet, Parcel
from troth.model.refusals import NotPossibleNow

PIECES_MAX: Final = 200
"""So many units are placed in boxes; what is more is packed on pallets, by people."""

NO_BOXES: Final = BoxSet(())


async def propose_packing(system: System, order: Order, work: Fulfillment) -> tuple[Parcel, ...] | NotPossibleNow:
    """Parcels that hold each unit that the node has not packed yet."""
    parts = parts_to_pack(order, work)
    if not parts:
        return NotPossibleNow("pack", "nothing is left to be packed")
    reference = system.door.reference
    await reference.need_items({part.sku for part in parts})
    pieces = find_pieces(order, parts, reference.items)
    if len(pieces) > PIECES_MAX:
        return NotPossibleNow("propose packages", f"{len(pieces)} units are too many; at most {PIECES_MAX} are placed")
    return await asyncio.to_thread(pack, pieces, reference.boxes_at(system.door.now()) or NO_BOXES, work.node)
