"""What a node that keeps its own books has: its stock feed, as a file or item by item, and what is known of it here."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response
from starlette.routing import Route

from troth.engine.supply.feed_age import is_late
from troth.flows.stock.feed import Feed, FeedReport
from troth.flows.stock.feed_rows import FeedForm
from troth.flows.stock.feeds import find, take_in
from troth.model.ids import NodeId
from troth.model.inventory import ON_HAND
from troth.model.measure import shown
from troth.model.network import Node
from troth.model.refusals import Busy, Invalid
from troth.pages.asking import new_key, text, whole_number
from troth.pages.desk import Visit
from troth.pages.render import HEADERS, page
from troth.pages.session import guarded
from troth.pages.views_refusal import Told, tell_refusal
from troth.store.console import find_supplies_of_node
from troth.store.node_feeds import read_node_feeds
from troth.store.reference import read_items
from troth.storefloor.nodes import node_here

_SCOPE: Final = "feeds:write"
_PAGE: Final = 50
_FEEDS_SHOWN: Final = 8
_CHUNK_BYTES: Final = 1 << 16
_ROWS_MAX: Final = 20_000
_MINUTES_MAX: Final = 14 * 24 * 60
_MARK: Final = "~"


async def show_stock(visit: Visit) -> Response:
    """How fresh the newest feed is, what is known of each item, and the forms for another feed."""
    return await _page(visit)


async def send_file(visit: Visit) -> Response:
    """Take in a file of what the node has."""
    node = node_here(visit)
    form = await visit.request.form()
    upload, minutes = form.get("file"), whole_number(form, "minutes") or 0
    if not isinstance(upload, UploadFile) or not upload.filename:
        return await _page(visit, told=("Choose a file.", ()))
    if not 0 <= minutes <= _MINUTES_MAX:
        return await _page(visit, told=("How many minutes ago was it made? A whole number, of at most two weeks.", ()))
    head = await upload.read(_CHUNK_BYTES)
    delimiter = ";" if b";" in head.split(b"\n", 1)[0] else ","
    chunks, is_all = _chunks(head, upload), bool(text(form, "all"))
    return await _take_in(visit, node, form, chunks, minutes=minutes, is_all=is_all, delimiter=delimiter)


async def send_item(visit: Visit) -> Response:
    """Say how many there are of one item."""
    node = node_here(visit)
    form = await visit.request.form()
    rows = io.StringIO()
    csv.writer(rows, lineterminator="\n").writerows([("sku", "on_hand"), (text(form, "sku"), text(form, "on_hand"))])
    return await _take_in(visit, node, form, _once(rows.getvalue().encode()), minutes=0, is_all=False)


async def show_file(visit: Visit) -> Response:
    """What is known of the node's stock, as the file that can be mended and sent."""
    node = node_here(visit)
    async with visit.system.pool.acquire() as connection:
        balances = await find_supplies_of_node(connection, node.node, limit=_ROWS_MAX)
        items = await read_items(connection, {balance.key.sku for balance in balances})
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(("sku", "name", "on_hand"))
    for balance in balances:
        item = items.get(balance.key.sku)
        if balance.key.source == ON_HAND and item is not None:
            writer.writerow((balance.key.sku, item.name, shown(balance.on_hand, item.decimals)))
    name = f'attachment; filename="{node.node}-stock.csv"'
    return Response(rows.getvalue(), media_type="text/csv", headers={**HEADERS, "content-disposition": name})


async def _take_in(
    visit: Visit,
    node: Node,
    form: FormData,
    chunks: AsyncIterator[bytes],
    *,
    minutes: int,
    is_all: bool,
    delimiter: str = ",",
) -> Response:
    """Take in a feed under the form's key, so that one that is sent twice counts once."""
    feed = Feed(
        node.node,
        visit.now - timedelta(minutes=minutes),
        f"store/{text(form, 'key') or new_key()}",
        is_full=is_all,
        zeroes_missing=is_all,
        nodes=(node.node,),
        form=FeedForm(delimiter=delimiter, constants={"node": node.node}),
    )
    done = await take_in(visit.system, feed, chunks, actor=visit.actor)
    if isinstance(done, Invalid | Busy):
        return await _page(visit, told=_told(done))
    await visit.system.door.follow()
    return await _page(visit, report=done)


def _told(no: Invalid | Busy) -> Told:
    if isinstance(no, Invalid) and any(flaw.pointer == "" for flaw in no.flaws):
        return f"The file cannot be read: {no.flaws[0].detail}", ()
    return tell_refusal(no)


async def _page(visit: Visit, *, report: FeedReport | None = None, told: Told | None = None) -> Response:
    node = node_here(visit)
    sku, _, source = visit.asked("after").partition(_MARK)
    after = (sku, source) if source else None
    async with visit.system.pool.acquire() as connection:
        balances = await find_supplies_of_node(connection, node.node, after=after, limit=_PAGE + 1)
        items = await read_items(connection, {balance.key.sku for balance in balances})
        newest = (await read_node_feeds(connection)).get(node.node)
    shown_here = balances[:_PAGE]
    network = visit.system.door.reference.network
    return page(
        visit,
        "stock.html",
        status=409 if told else 200,
        section="stock",
        title="Stock",
        node=node,
        balances=[(one, items.get(one.key.sku)) for one in shown_here],
        more=_MARK.join((shown_here[-1].key.sku, shown_here[-1].key.source)) if len(balances) > _PAGE else "",
        is_first=after is None,
        newest=newest,
        is_late=node.node in network.index and is_late(network, NodeId(node.node), visit.now.timestamp()),
        feeds=await find(visit.system, node.node, limit=_FEEDS_SHOWN, actor=visit.actor),
        report=report,
        told=[told] if told else [],
        key=new_key(),
    )


async def _chunks(head: bytes, upload: UploadFile) -> AsyncIterator[bytes]:
    """A file as it was chosen. It is whole, so its last row is, too, where no line end follows it."""
    chunk, last = head, b"\n"
    while chunk:
        yield chunk
        last, chunk = chunk[-1:], await upload.read(_CHUNK_BYTES)
    if last != b"\n":
        yield b"\n"


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


routes = [
    Route("/at/{node}/stock", guarded(show_stock, scope=_SCOPE), name="stock"),
    Route("/at/{node}/stock", guarded(send_file, scope=_SCOPE), methods=["POST"]),
    Route("/at/{node}/stock/item", guarded(send_item, scope=_SCOPE), methods=["POST"]),
    Route("/at/{node}/stock.csv", guarded(show_file, scope=_SCOPE), name="stock_file"),
]
