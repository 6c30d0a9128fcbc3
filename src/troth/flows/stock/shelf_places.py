"""Where items lie at nodes, as it is told by the API, a feed, or somebody who stands before the shelf."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.stock import LineResult
from troth.flows.stock.stock_lines import find_line_flaws
from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.shelf import ShelfPlace
from troth.store.configure import append_configuration_events
from troth.store.database import Connection, transaction
from troth.store.shelf_places import write_shelf_places

PLACE_MAX: Final = 40
"""How many characters a place has at most."""


async def set_shelf_places(
    system: System, places: Sequence[ShelfPlace], *, actor: Actor, numbers: Sequence[int] = ()
) -> tuple[LineResult, ...]:
    """Set where items lie; a line that is refused does not hurt its neighbors, and an empty place is none.

    Sent again it changes nothing. `numbers` are those of the lines in the list that they are from; none: this one.
    """
    flaws = await find_line_flaws(system, [(one.node, one.sku) for one in places], actor)
    first: dict[tuple[str, str], int] = {}
    named = numbers or range(len(places))
    for number, one in enumerate(places):
        found = number if number in flaws else first.setdefault((one.sku, one.node), number)
        if found != number:
            flaws[number].append(FieldFlaw("/sku", f"{one.sku} at {one.node} is in line {named[found]} already"))
    kept = [one for number, one in enumerate(places) if number not in flaws]
    at = system.door.now()
    if kept:
        async with transaction(system.pool) as connection:
            await keep_places(connection, kept, actor=actor.name, at=at)
    return tuple(
        LineResult(number, Invalid.code, flaws=tuple(flaws[number])) if number in flaws else LineResult(number)
        for number in range(len(places))
    )


async def keep_places(connection: Connection, places: Iterable[ShelfPlace], *, actor: str, at: datetime) -> int:
    """Write where items lie, in an open transaction, with the event that says so; how many are others than before."""
    changed = await write_shelf_places(connection, places, at)
    if changed:
        event = ConfigurationSet("shelf_places", at.isoformat(), {"changed": changed})
        await append_configuration_events(connection, (event,), at=at, actor=actor)
    return changed
