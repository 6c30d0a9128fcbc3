"""Papers as files, for whichever entrance asks: rendered in a thread, since a font takes a while to read."""

import asyncio
from collections.abc import Sequence
from typing import Final

from troth.flows.door.system import System
from troth.flows.shipping.consign import consign, node_contact
from troth.flows.shipping.papers import PackingSlip, PickList, packing_slip, pick_list, zone_of
from troth.model.ids import NodeId
from troth.model.label import Label, LabelState, Paper
from troth.model.manifest import Manifest
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotPossibleNow
from troth.model.status import fulfillment_status
from troth.printing.customs import render_customs
from troth.printing.fonts import find_fonts
from troth.printing.label_pdf import render_labels_pdf
from troth.printing.label_zpl import render_labels_zpl
from troth.printing.manifest import render_manifest
from troth.printing.packing_slip import render_packing_slip
from troth.printing.pick_list import render_pick_list
from troth.store.labels import read_paper

_OTHER: Final = {Paper.PDF: Paper.ZPL, Paper.ZPL: Paper.PDF}


async def print_label(system: System, label: Label, form: Paper) -> bytes | NotPossibleNow:
    """A label as its carrier printed it, where that prints any, else as it is printed here: the same however often."""
    if label.state is not LabelState.BOUGHT:
        return NotPossibleNow("print", label.state)
    async with system.pool.acquire() as connection:
        content = await read_paper(connection, label, form)
        other = None if content is not None else await read_paper(connection, label, _OTHER[form])
    if content is not None:
        return content
    if other is not None:
        return NotPossibleNow(f"print it as {form}", f"printed by its carrier as {_OTHER[form]}")
    render = render_labels_pdf if form is Paper.PDF else render_labels_zpl
    return await asyncio.to_thread(render, [label], find_fonts(system.font_dirs), zone_of(system, label.node))


async def print_packing_slip(system: System, order: Order, work: Fulfillment) -> bytes | NotPossibleNow:
    """The slip of a packed work as PDF."""
    slip = await packing_slip(system, order, work)
    if not isinstance(slip, PackingSlip):
        return slip
    return await asyncio.to_thread(render_packing_slip, slip, find_fonts(system.font_dirs))


async def print_customs(system: System, order: Order, work: Fulfillment) -> bytes | NotPossibleNow:
    """The customs declarations of a packed work as PDF."""
    told = await consign(system, order, work)
    if not told:
        return NotPossibleNow("declare", fulfillment_status(order, work.fulfillment_id), ("pack",))
    if not any(one.is_abroad for one in told.values()):
        return NotPossibleNow("declare", "sent where nothing is declared")
    numbers = {package.package_id: package.tracking_number for package in work.packages}
    parcels = tuple((name, numbers[name], one) for name, one in told.items())
    fonts, zone = find_fonts(system.font_dirs), zone_of(system, work.node)
    return await asyncio.to_thread(render_customs, parcels, fonts, zone)


async def print_manifest(system: System, manifest: Manifest) -> bytes:
    """A manifest as PDF."""
    sender = node_contact(system, manifest.node)
    return await asyncio.to_thread(render_manifest, manifest, sender, find_fonts(system.font_dirs))


async def print_pick_list(
    system: System, node: NodeId, works: Sequence[tuple[Order, Fulfillment]]
) -> bytes | NotPossibleNow:
    """What is to be picked for works of a node as PDF."""
    told = await pick_list(system, node, works)
    if not isinstance(told, PickList):
        return told
    return await asyncio.to_thread(render_pick_list, told, find_fonts(system.font_dirs))
