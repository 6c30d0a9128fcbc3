"""Live the last day of the sample retailer in a minute, so that pictures have something to show.

`python -m tools.sample_day DATABASE_URL`, on a database into which the small sample was just loaded: customers order at
the times of their day under some routings and a rate card, the clock releases, and nodes accept, pick, pack, ship and
deliver as the hours pass.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from pydantic import TypeAdapter

from troth.cli.sample import SEED
from troth.engine.carriage.rate_cards import STANDARD
from troth.flows.documents.families import RATE_CARDS, ROUTINGS, Family
from troth.flows.documents.presets import make_preset
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.orders.capture import capture
from troth.flows.orders.due import act_on_due
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.http.orders.order_body import OrderBody
from troth.model.commands import (
    AcceptWork,
    CancelOrder,
    CollectWork,
    DeliverWork,
    FulfillmentCommand,
    PackWork,
    PickWork,
    PlaceHold,
    RejectWork,
    ShipWork,
    StageWork,
)
from troth.model.ids import FulfillmentId, OrderId
from troth.model.order import Method
from troth.model.status import fulfillment_status
from troth.replay.demand import draw_orders
from troth.replay.retailer import make_retailer
from troth.store.codec import encode, encode_bytes
from troth.store.orders import read_orders

_ORDERS_PER_HOUR: Final = 60.0
_ACTOR: Final = "user/maya"
_DUE_MAX: Final = 10_000
_MOVES_ON: Final = 0.55
"""How often a fulfillment gets its next step within an hour."""

_BODY: Final[TypeAdapter[OrderBody]] = TypeAdapter(OrderBody)
_STEPS: Final[dict[str, Callable[[FulfillmentId], FulfillmentCommand]]] = {
    "released": AcceptWork,
    "accepted": PickWork,
    "picked": PackWork,
    "packed": ShipWork,
    "ready": CollectWork,
    "shipped": DeliverWork,
}


async def live(dsn: str, *, seed: int) -> int:
    """Live the day; how many orders were captured."""
    until = datetime.now(UTC)
    time = passed = until - timedelta(days=1)
    random, alive = Random(seed), list[OrderId]()
    retailer = make_retailer("small", seed=SEED, today=until.date())
    async with open_system(dsn, clock=lambda: time) as system:
        await _put_in_force(system, until)
        for body in draw_orders(retailer, seed=seed, start=time, orders_per_hour=_ORDERS_PER_HOUR):
            ordered_at = datetime.fromisoformat(body["ordered_at"])
            while passed + timedelta(hours=1) <= min(ordered_at, until):
                time = passed = passed + timedelta(hours=1)
                await _pass_hour(system, random, alive)
            if ordered_at >= until:
                return len(alive)
            time = max(time, ordered_at)
            content = _BODY.validate_json(encode_bytes(body)).order({})
            outcome = await capture(system, content, actor=f"key/{content.channel}")
            if isinstance(outcome, Accepted) and outcome.order is not None:
                alive.append(outcome.order.order_id)
                if random.random() < 0.03:
                    hold = PlaceHold(outcome.order.order_id, "fraud", "the address is new")
                    await system.door.one(hold, actor="key/fraud")
                elif random.random() < 0.02:
                    await system.door.one(CancelOrder(outcome.order.order_id, "changed mind"), actor="key/web")
    return len(alive)


async def _put_in_force(system: System, now: datetime) -> None:
    """What the pictures of configuration show, in force before the first order but for what is still to come."""
    default, own = make_preset("default", {}), make_preset("own_region_first", {})
    card = json.loads(encode(STANDARD))
    fewer = default | {"weights": {"split_minor": 450}, "limits": {"shipments_max": 2}}  # type: ignore[operator]
    in_a_month = now + timedelta(days=30)
    await _publish(system, RATE_CARDS, "standard", card, "As agreed", reason="Contract of this year")
    await save_draft(
        system, RATE_CARDS, "standard", card | {"fuel_basis_points": 750}, note="Fuel of the season", actor=_ACTOR
    )
    await _publish(system, ROUTINGS, "default", default, "To begin with", reason="Go-live of rules")
    await _publish(system, ROUTINGS, "default", fewer, "Fewer splits", reason="Try on a tenth", percent=10)
    await _publish(system, ROUTINGS, "own-region", own, "", reason="Holidays", begins=in_a_month)


async def _publish(
    system: System,
    family: Family[Any],
    name: str,
    content: object,
    note: str,
    *,
    reason: str,
    percent: int | None = None,
    begins: datetime | None = None,
) -> None:
    saved = await save_draft(system, family, name, content, note=note, actor=_ACTOR)
    if not isinstance(saved, Saved):
        raise SystemExit(f"{name} was not saved: {saved}")
    acted = await activate(
        system,
        family,
        name,
        saved.document.version,
        effective_from=begins,
        canary_percent=percent,
        reason=reason,
        actor=_ACTOR,
    )
    if not isinstance(acted, Acted):
        raise SystemExit(f"{name} was not activated: {acted}")


async def _pass_hour(system: System, random: Random, alive: list[OrderId]) -> None:
    """What the clock and the nodes do in an hour."""
    await act_on_due(system, system.door.now(), limit=_DUE_MAX)
    async with system.pool.acquire() as connection:
        orders = await read_orders(connection, alive)
    steps = [
        (f"node/{work.node}", _step(status, work.method, work.fulfillment_id, random))
        for order in orders.values()
        for work in order.fulfillments
        if (status := fulfillment_status(order, work.fulfillment_id)) in _STEPS and random.random() < _MOVES_ON
    ]
    await asyncio.gather(*(system.door.one(step, actor=actor) for actor, step in steps))


def _step(status: str, method: Method, fulfillment_id: FulfillmentId, random: Random) -> FulfillmentCommand:
    if status == "released" and random.random() < 0.03:
        return RejectWork(fulfillment_id, "busy")
    if status == "picked" and method in (Method.PICKUP, Method.CURBSIDE):
        return StageWork(fulfillment_id, "front desk")
    return _STEPS[status](fulfillment_id)


if __name__ == "__main__":
    print(f"{asyncio.run(live(sys.argv[1], seed=1)):,} orders were captured")
