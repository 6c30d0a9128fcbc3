"""Loading the sample retailer into an empty database, so that a load that was killed is done again and nothing doubles.

Every part is set, not added, and the log says what was begun: of which size, from which seed, for which day. Whoever
comes next finds it finished, or does the same again and ends with the same.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from troth.flows.door.system import System
from troth.flows.people.access import ADMIN, Actor
from troth.flows.records.configure import Set, set_items, set_nodes
from troth.flows.stock.expect import expect
from troth.flows.stock.load_stock import load_positions
from troth.flows.stock.sales_rates import load_sales_rates
from troth.model.commands import ExpectedLine
from troth.model.events import ConfigurationSet
from troth.model.item import Item
from troth.model.network import Node
from troth.model.sales_rate import PlacedSalesRate
from troth.model.value import dataclass
from troth.store.events import append_event, read_subject_events
from troth.store.sample import is_empty, sample_turn
from troth.store.stock_load import Position

Progress = Callable[[str, int, int], None]
"""Told of a step how much of how much is done."""

_SUBJECT: Final = "sample"
_ACTOR: Final = Actor("sample", frozenset({ADMIN}))


@dataclass(frozen=True, slots=True)
class SampleKey:
    """What decides all of a sample retailer."""

    size: str
    seed: int
    today: date


@dataclass(frozen=True, slots=True)
class Sample:
    """A retailer to load. `positions` gives each once, as often as it is asked."""

    nodes: Sequence[Node]
    items: Sequence[Item]
    positions: Callable[[], Iterable[Position]]
    position_count: int
    purchase_orders: Sequence[tuple[str, tuple[ExpectedLine, ...]]]
    sales_rates: Sequence[PlacedSalesRate] = ()


@dataclass(frozen=True, slots=True)
class SampleLoaded:
    """The sample is there; `is_new` says whether it was loaded just now."""

    key: SampleKey
    is_new: bool


async def load_sample(
    system: System, dsn: str, wanted: SampleKey, make: Callable[[SampleKey], Sample], *, progress: Progress
) -> SampleLoaded | None:
    """Load the sample unless it is there; None, with nothing done, where the database holds something else.

    A load that was interrupted is finished as it was begun, whatever is wanted now. Processes that start at once wait
    for the first.
    """
    async with sample_turn(dsn):
        begun = await _read_begun(system)
        if begun is not None and begun[1]:
            return SampleLoaded(begun[0], is_new=False)
        if begun is None:
            async with system.pool.acquire() as connection:
                if not await is_empty(connection):
                    return None
            await _say(system, wanted, is_loaded=False)
        key = begun[0] if begun is not None else wanted
        await _load(system, make(key), progress)
        await _say(system, key, is_loaded=True)
    return SampleLoaded(key, is_new=True)


async def _load(system: System, sample: Sample, progress: Progress) -> None:
    nodes, items, positions = len(sample.nodes), len(sample.items), sample.position_count
    progress("nodes", 0, nodes)
    await set_nodes(system.pool, sample.nodes, actor=_ACTOR.name)
    progress("nodes", nodes, nodes)
    progress("items", 0, items)
    await set_items(system.pool, sample.items, actor=_ACTOR.name, progress=lambda done: progress("items", done, items))
    progress("stock", 0, positions)
    await load_positions(
        system.pool,
        sample.positions(),
        actor=_ACTOR.name,
        reason="sample",
        at=system.door.now,
        progress=lambda done: progress("stock", done, positions),
    )
    await system.door.follow()
    for number, (name, lines) in enumerate(sample.purchase_orders, start=1):
        outcome = await expect(system, name, lines, actor=_ACTOR)
        if not isinstance(outcome, Set):
            raise RuntimeError(f"purchase order {name} of the sample was refused: {outcome}")
        progress("purchase orders", number, len(sample.purchase_orders))
    await load_sales_rates(system.pool, sample.sales_rates, actor=_ACTOR.name, at=system.door.now())
    progress("sales rates", len(sample.sales_rates), len(sample.sales_rates))


async def _read_begun(system: System) -> tuple[SampleKey, bool] | None:
    """The sample that was begun, and whether it was finished."""
    async with system.pool.acquire() as connection:
        events = [logged.event for logged in await read_subject_events(connection, _SUBJECT)]
    told = [event.after for event in events if isinstance(event, ConfigurationSet) and event.after is not None]
    if not told:
        return None
    first = told[0]
    key = SampleKey(str(first["size"]), int(first["seed"]), date.fromisoformat(str(first["today"])))
    return key, any(after["is_loaded"] for after in told)


async def _say(system: System, key: SampleKey, *, is_loaded: bool) -> None:
    after = {"size": key.size, "seed": key.seed, "today": key.today.isoformat(), "is_loaded": is_loaded}
    event = ConfigurationSet("sample", key.size, after)
    async with system.pool.acquire() as connection:
        await append_event(connection, event, subject=_SUBJECT, at=system.door.now(), actor=_ACTOR.name)
