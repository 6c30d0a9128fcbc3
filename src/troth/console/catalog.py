"""Nodes and items: lists, and one of each."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.engine.carriage.calendars import day_date, local_day, minute_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_days import find_node_days
from troth.engine.supply.feed_age import is_late
from troth.flows.memory.offered import with_days_off, with_region_code
from troth.flows.nodes.lockers import read_locker
from troth.flows.records.node_performance import WINDOWS, read_performance
from troth.flows.stock.exposed import find_exposed
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node, NodeType
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.pages.views_refusal import Told
from troth.store.console import OPEN_WORK, StockSum, count_work, find_supplies_of_node, find_work, sum_balances
from troth.store.node_days import read_node_days
from troth.store.node_feeds import read_node_feeds
from troth.store.node_files import read_folder_state
from troth.store.node_messages import read_newest_messages
from troth.store.node_switches import read_node_switches
from troth.store.reference import find_items, find_nodes, read_item, read_items, read_node
from troth.store.sellers import sum_seller_credits
from troth.store.subscriptions import find_subscriptions_of_node

_PAGE: Final = 50
_WORK_SHOWN: Final = 10
_MESSAGES_SHOWN: Final = 8
_DAYS_SHOWN: Final = 14
_SOLD_WITHIN: Final = timedelta(days=28)
_MARK: Final = "~"
NOTHING_TOLD: Final[Told] = ("", ())


async def show_nodes(visit: Visit) -> Response:
    """A page of nodes by id."""
    text, after, type_ = visit.asked("q"), visit.asked("after"), visit.asked("type")
    kind = type_ if type_ in set(NodeType) else None
    async with visit.system.pool.acquire() as connection:
        found = await find_nodes(connection, type_=kind, text=text or None, after=after or None, limit=_PAGE + 1)
    nodes = [node.value for node in found[:_PAGE]]
    more = query(q=text, type=type_, after=nodes[-1].node) if len(found) > _PAGE else ""
    return page(
        visit,
        "nodes.html",
        section="nodes",
        title="Nodes",
        text=text,
        type=type_,
        types=list(NodeType),
        nodes=nodes,
        more=more,
        is_first=not after,
        may_set=_may_set(visit),
    )


async def show_node(visit: Visit, told: Told = NOTHING_TOLD) -> Response:
    """One node: its facts, its open work, and a page of its stock."""
    name = NodeId(visit.request.path_params["node"])
    async with visit.system.pool.acquire() as connection:
        node = await read_node(connection, name)
        if node is None:
            return page(visit, "missing.html", status=404, section="nodes", title="No such node", name=name)
        work = await find_work(connection, OPEN_WORK, node=name, limit=_WORK_SHOWN)
        counts = await count_work(connection, OPEN_WORK, node=name)
        balances = await find_supplies_of_node(connection, name, after=_read_key(visit), limit=_PAGE + 1)
        items = await read_items(connection, {balance.key.sku for balance in balances})
        newest = (await read_node_feeds(connection)).get(name)
        sold = await sum_seller_credits(connection, visit.now - _SOLD_WITHIN, visit.now, node=name)
        off = (await read_node_switches(connection, visit.now)).get(name)
        minute = minute_of(visit.system.door.now().timestamp())
        today = day_date(local_day(node.value.time_zone, minute))
        used = dict(await read_node_days(connection, today, nodes=(name,)))
        messages = await read_newest_messages(connection, name, limit=_MESSAGES_SHOWN)
        folder = await read_folder_state(connection, name)
        webhooks = await find_subscriptions_of_node(connection, name)
    performance = [(await read_performance(visit.system, days, node=name))[0] for days in WINDOWS]
    shown = balances[:_PAGE]
    network = visit.system.door.reference.network
    return page(
        visit,
        "node.html",
        status=409 if told[0] else 200,
        section="nodes",
        title=node.value.name,
        node=node.value,
        version=node.version,
        without_card=_without_card(network, node.value),
        newest_feed=newest,
        is_feed_late=name in network.index and is_late(network, name, visit.now.timestamp()),
        node_days=find_node_days(
            with_days_off(with_region_code(node.value)), used, today, today + timedelta(days=_DAYS_SHOWN - 1)
        ),
        work=work,
        counts=[(state, counts.get(state, 0)) for state in OPEN_WORK],
        work_count=sum(counts.values()),
        balances=[(balance, _decimals(items, balance.key.sku)) for balance in shown],
        more=_MARK.join((shown[-1].key.source, shown[-1].key.sku)) if len(balances) > _PAGE else "",
        is_first=not visit.asked("after"),
        may_set=_may_set(visit),
        may_switch=visit.actor.may("fulfillments:write") and visit.actor.may_at(name),
        off=off,
        performance=performance,
        locker=await read_locker(visit.system, node.value, visit.now),
        messages=messages,
        folder=folder,
        webhooks=webhooks,
        sold=sold,
        told=told,
        done=visit.asked("done"),
    )


def _without_card(network: Network, node: Node) -> list[str]:
    """The services of a node that no rate card in force is of, so that nothing ever goes by them."""
    offered = {card.service for card in (*network.ship.cards, *network.delivery.cards)}
    return sorted(set(node.services) - offered)


def _decimals(items: Mapping[Sku, Item], sku: Sku) -> int:
    item = items.get(sku)
    return 0 if item is None else item.decimals


async def show_items(visit: Visit) -> Response:
    """A page of items by SKU."""
    text, after = visit.asked("q"), visit.asked("after")
    async with visit.system.pool.acquire() as connection:
        found = await find_items(connection, text=text or None, after=after or None, limit=_PAGE + 1)
    items = [item.value for item in found[:_PAGE]]
    more = query(q=text, after=items[-1].sku) if len(found) > _PAGE else ""
    return page(
        visit,
        "items.html",
        section="items",
        title="Items",
        text=text,
        items=items,
        more=more,
        is_first=not after,
        may_set=_may_set(visit),
    )


async def show_item(visit: Visit) -> Response:
    """One item, as it was last set."""
    sku = Sku(visit.request.path_params["sku"])
    async with visit.system.pool.acquire() as connection:
        item = await read_item(connection, sku)
        sums = await sum_balances(connection, [sku])
    if item is None:
        return page(visit, "missing.html", status=404, section="items", title="No such item", name=sku)
    exposed = await find_exposed(visit.system, [sku])
    return page(
        visit,
        "item.html",
        section="items",
        title=item.value.name or sku,
        item=item.value,
        version=item.version,
        stock=sums.get(sku, StockSum()),
        exposed=exposed[sku],
        may_set=_may_set(visit),
        done=visit.asked("done"),
    )


def _may_set(visit: Visit) -> bool:
    return visit.desk.bodies is not None and visit.actor.may("configuration:write")


def _read_key(visit: Visit) -> tuple[str, str] | None:
    """The position (SKU, source) that a cursor, which is the two the other way round, names."""
    source, mark, sku = visit.asked("after").partition(_MARK)
    return (sku, source) if mark else None


routes = [
    Route("/nodes", guarded(show_nodes, scope="configuration:read"), name="nodes"),
    Route("/nodes/{node:path}", guarded(show_node, scope="configuration:read"), name="node"),
    Route("/items", guarded(show_items, scope="configuration:read"), name="items"),
    Route("/items/{sku:path}", guarded(show_item, scope="configuration:read"), name="item"),
]
