"""Sales rates that are taken in, line by line."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.stock import LineResult
from troth.flows.stock.stock_lines import find_line_flaws
from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.sales_rate import PlacedSalesRate
from troth.store.configure import append_configuration_events
from troth.store.database import Pool, transaction
from troth.store.sales_rates import write_sales_rates

_ROWS_A_TIME: Final = 10_000


async def set_sales_rates(
    system: System, rates: Sequence[PlacedSalesRate], *, actor: Actor, places: Sequence[int] = ()
) -> tuple[LineResult, ...]:
    """Create or replace sales rates; a line that is refused does not hurt its neighbors.

    Sent again it changes nothing. `places` are those of the lines in the list that they are from; none: it is this one.
    """
    flaws = await find_line_flaws(system, [(rate.node, rate.sku) for rate in rates], actor)
    first: dict[tuple[str, str], int] = {}
    numbers = places or range(len(rates))
    for number, rate in enumerate(rates):
        found = number if number in flaws else first.setdefault((rate.sku, rate.node), number)
        if found != number:
            flaws[number].append(FieldFlaw("/sku", f"{rate.sku} at {rate.node} is in line {numbers[found]} already"))
    kept = [rate for number, rate in enumerate(rates) if number not in flaws]
    if await load_sales_rates(system.pool, kept, actor=actor.name, at=system.door.now()):
        await system.door.follow()  # what is kept by cover counts from the next answer on
    return tuple(
        LineResult(number, Invalid.code, flaws=tuple(flaws[number])) if number in flaws else LineResult(number)
        for number in range(len(rates))
    )


async def load_sales_rates(pool: Pool, rates: Iterable[PlacedSalesRate], *, actor: str, at: datetime) -> int:
    """Keep sales rates of items and nodes that are there, each once; how many were new or others than before."""
    remaining = iter(rates)
    changed = 0
    while chunk := list(islice(remaining, _ROWS_A_TIME)):
        async with transaction(pool) as connection:
            written = await write_sales_rates(connection, chunk, at)
            if written:
                event = ConfigurationSet("sales_rates", at.isoformat(), {"changed": written})
                await append_configuration_events(connection, (event,), at=at, actor=actor)
        changed += written
    return changed
