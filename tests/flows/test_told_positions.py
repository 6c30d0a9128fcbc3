"""Whatever is promised, the text says where its units are: each sentence is held against the supplies of its parts."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from tests.builders import NEW_YORK, NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.flows.wording.messages import order_message
from troth.flows.wording.wording import Voice, Wording
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, Source, SupplyKey
from troth.model.messages import MessageTemplates, MessageTexts, Text
from troth.model.network import NodeType
from troth.model.order import Allocation, Fulfillment, Method, Order
from troth.model.policy import DEFAULT_POLICY
from troth.replay.world import World

NODES = (
    node("DC-PA"),
    node("ST-NYC"),
    node("ST-CT", latitude=41.7, longitude=-72.7, time_zone="America/Chicago"),
    node("VENDOR", type=NodeType.DROP_SHIP, latitude=40.7, longitude=-74.1),
)
NETWORK = compile_network(NODES)
ITEMS = {one.sku: one for one in (item("A"), item("B"), item("K", kit=((Sku("A"), 2), (Sku("B"), 1))))}
SOURCES: Final = ("on_hand", "on_hand", "po/P-1/1", "transfer/T-1/1")
ZONES = {one.node: one.time_zone for one in NODES}

TEXTS: Final[Mapping[str, Text]] = {
    "shipments": {"one": "{shipments}", "other": "{shipments}"},
    "shipment_of": "[{lines}]",
    "line": "{quantity}*{item}",
    "on_its_way": "transfer",
    "from_supplier": "po",
    "on_backorder": "both",
    "ships": "<dc,,{place},{day},{arrival}>",
    "ships_from_store": "<store,,{place},{day},{arrival}>",
    "ships_from_vendor": "<drop_ship,,{place},{day},{arrival}>",
    "ships_awaited": "<awaited,{supply},{place},{day},{arrival}>",
    "pickup_today": "<pickup,,{place},{day},{time}>",
    "pickup_later": "<pickup,,{place},{day},{time}>",
    "pickup_sent": "<sent from {from},,{place},{day},{time}>",
    "pickup_awaited": "<pickup awaited,{supply},{place},{day},{time}>",
    "day": "{date}",
}
"""Texts that say nothing but which they are, and their placeholders."""

VOICE = Wording([("test", MessageTemplates(texts=(MessageTexts("en", texts=TEXTS),)))]).voice()


def world_of(draw: random.Random) -> World:
    """Units on hand, on purchase orders and on transfers, here and there."""
    world = World(NETWORK, ITEMS, replace(DEFAULT_POLICY, ship_to_store=draw.random() < 0.5))
    for sku in "AB":
        for name in ("DC-PA", "ST-NYC", "ST-CT", "VENDOR"):
            source = Source(draw.choice(SOURCES))
            due = None if source == "on_hand" else NOW + timedelta(days=draw.randint(1, 100))
            key = SupplyKey(Sku(sku), NodeId(name), source)
            if draw.random() < 0.7:
                world.balances[key] = Balance(key, draw.randint(1, 6), 0, 0, due)
    return world


def order_in(world: World, draw: random.Random) -> Order | None:
    """An order of some lines, shipped or picked up; None where it cannot be promised."""
    skus = draw.sample("ABK", draw.randint(1, 3))
    command = capture("W-1", {sku: draw.randint(1, 3) for sku in skus})
    if draw.random() < 0.4:
        command = capture("W-1", {"A": 1}, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"))
    decision = world.apply(command, now=NOW)
    return decision.changes[0].after if isinstance(decision, Decision) else None


def day_of(at: datetime, zone: str, voice: Voice) -> str:
    return voice.day(at.astimezone(ZoneInfo(zone)).date(), NOW.astimezone(ZoneInfo(zone)).date())


def position_of(work: Fulfillment, parts: Iterable[Allocation]) -> str:
    """What is to be told of a fulfillment, from its parts alone."""
    sources = {part.source.split("/")[0] for part in parts} - {"on_hand"}
    supply = "" if not sources else "both" if len(sources) > 1 else sources.pop()
    if work.method is Method.PICKUP:
        place = work.via or work.node
        kind = "pickup awaited" if supply else f"sent from {work.node}" if work.via else "pickup"
        clock = VOICE.time(work.promised_at.astimezone(ZoneInfo(ZONES[place])).time())
        return f"<{kind},{supply},{place},{day_of(work.promised_at, ZONES[place], VOICE)},{clock}>"
    sender = next(one.type.value for one in NODES if one.node == work.node)
    zone = NEW_YORK.time_zone or ZONES[work.node]
    leaves, arrives = day_of(work.ship_by, zone, VOICE), day_of(work.promised_at, zone, VOICE)
    return f"<{'awaited' if supply else sender},{supply},{work.node},{leaves},{arrives}>"


@pytest.mark.parametrize("seed", range(4))
def test_each_sentence_says_where_the_units_of_its_parts_are(seed: int) -> None:
    draw, seen = random.Random(seed), Counter[str]()
    for _ in range(100):
        order = order_in(world_of(draw), draw)
        if order is None:
            continue

        told = order_message(order, NETWORK, NOW, VOICE, ITEMS)

        parts = {
            work.fulfillment_id: [part for part in order.allocations if part.fulfillment_id == work.fulfillment_id]
            for work in order.fulfillments
        }
        positions = [position_of(work, parts[work.fulfillment_id]) for work in order.fulfillments]
        assert Counter(told_positions(told)) == Counter(positions)
        if len(positions) > 1:
            assert told.startswith(f"{len(positions)} ")
            assert told_units(told) == {line.sku: line.quantity for line in order.lines}
        seen.update(position.split(",")[0] for position in positions)
    assert {"<dc", "<store", "<drop_ship", "<awaited", "<pickup", "<pickup awaited", "<sent from DC-PA"} <= seen.keys()


def told_positions(told: str) -> list[str]:
    return [f"<{rest.partition('>')[0]}>" for rest in told.split("<")[1:]]


def told_units(told: str) -> dict[Sku, int]:
    """The units of all shipments by what items are called."""
    found: dict[Sku, int] = {}
    for rest in told.split("[")[1:]:
        for units in rest.partition("]")[0].split(", "):
            count, _, name = units.partition("*")
            sku = Sku(name.removeprefix("Item "))
            found[sku] = found.get(sku, 0) + int(count)
    return found
