"""Blanket orders: set as a whole, and read with what was called off of them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.flows.places.places import locate
from troth.flows.records.configure import Set
from troth.model.agreement_moves import BlanketOrderSet
from troth.model.blanket import Agreement, BlanketOrder
from troth.model.events import ConfigurationSet
from troth.model.measure import shown
from troth.model.refusals import FieldFlaw, Invalid, VersionConflict
from troth.model.value import dataclass
from troth.store.blanket_orders import (
    CallOff,
    find_blanket_orders,
    lock_agreements,
    read_agreements,
    read_blanket_order,
    read_call_offs,
    write_blanket_order,
)
from troth.store.configure import append_configuration_events, subject_of
from troth.store.customers import read_terms_of
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.reference import Versioned

_CALL_OFFS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Followed:
    """A blanket order with what was called off, and its newest call-offs, item by item."""

    agreement: Agreement
    call_offs: Sequence[tuple[CallOff, datetime]] = ()


async def set_blanket_order(
    system: System, blanket: BlanketOrder, *, actor: str, expected: Expected = ANYTHING
) -> Set | VersionConflict | Invalid:
    """Create or replace a blanket order; what was called off already stays in it, at the prices of that time."""
    reference = system.door.reference
    await reference.need_items({line.sku for line in blanket.lines})
    flaws = [
        FieldFlaw(f"/lines/{position}/sku", f"there is no item {line.sku}")
        for position, line in enumerate(blanket.lines)
        if line.sku not in reference.items
    ]
    if flaws:
        return Invalid(tuple(flaws))
    blanket = replace(blanket, ship_to=tuple(map(locate, blanket.ship_to)))
    async with transaction(system.pool) as connection:
        known = (await lock_agreements(connection, {blanket.blanket_id})).get(blanket.blanket_id)
        before = await read_blanket_order(connection, blanket.blanket_id)
        conflict = expected.refuse(before.version if before else None)
        if conflict is not None:
            return conflict
        if before is not None and before.value == blanket:
            return Set(before.version, is_new=False)
        if await read_terms_of(connection, blanket.customer_id) is None:
            return Invalid((FieldFlaw("/customer_id", f"there is no customer {blanket.customer_id}"),))
        if known is not None and (taken := tuple(_taken_flaws(blanket, known))):
            return Invalid(taken)
        at = system.door.now()
        version = await write_blanket_order(connection, blanket, at)
        event = ConfigurationSet(
            "blanket_order",
            blanket.blanket_id,
            msgspec.to_builtins(blanket),
            before=None if before is None else msgspec.to_builtins(before.value),
        )
        await append_configuration_events(connection, (event,), at=at, actor=actor)
        told = BlanketOrderSet(blanket, version, at, None if before is None else before.value)
        await append_event(connection, told, subject=subject_of(event.what, event.id), at=at, actor=actor)
    return Set(version, before is None)


async def read(system: System, blanket_id: str) -> Versioned[Followed] | None:
    """A blanket order with what was called off, if it is there."""
    async with system.pool.acquire() as connection:
        found = await read_blanket_order(connection, blanket_id)
        if found is None:
            return None
        agreement = (await read_agreements(connection, {blanket_id}))[blanket_id]
        call_offs = await read_call_offs(connection, blanket_id, limit=_CALL_OFFS_SHOWN)
    return Versioned(Followed(agreement, call_offs), found.version)


async def find(
    system: System, *, customer_id: str | None, only: Collection[str] | None, after: str | None, limit: int
) -> list[Followed]:
    """A page of blanket orders of a customer (None: any) by id, after the one given; `only` of these (None: any)."""
    async with system.pool.acquire() as connection:
        found = await find_blanket_orders(connection, customer_id=customer_id, only=only, after=after, limit=limit)
        agreements = await read_agreements(connection, {one.value.blanket_id for one in found})
    return [Followed(agreements[one.value.blanket_id]) for one in found]


def _taken_flaws(blanket: BlanketOrder, known: Agreement) -> Sequence[FieldFlaw]:
    """What contradicts that something was called off already: another customer or currency, or less than that."""
    called = known.called
    if not any(called.units.values()):
        return ()
    flaws = []
    if blanket.customer_id != known.blanket.customer_id:
        flaws.append(FieldFlaw("/customer_id", f"{known.blanket.customer_id} has called off from it already"))
    if blanket.currency != known.blanket.currency:
        flaws.append(FieldFlaw("/currency", f"what was called off is in {known.blanket.currency}"))
    agreed = {line.sku: (position, line) for position, line in enumerate(blanket.lines)}
    for sku, units in sorted(called.units.items()):
        if not units:
            continue
        if sku not in agreed:
            flaws.append(FieldFlaw("/lines", f"{sku} must stay: some of it was called off already"))
            continue
        position, line = agreed[sku]
        if line.quantity is not None and line.quantity < units:
            told = shown(units, line.decimals)
            flaws.append(FieldFlaw(f"/lines/{position}/quantity", f"{told} were called off already"))
    if blanket.value_max_minor is not None and blanket.value_max_minor < called.amount_minor:
        flaws.append(FieldFlaw("/value_max/amount", "more was called off already"))
    return tuple(flaws)
