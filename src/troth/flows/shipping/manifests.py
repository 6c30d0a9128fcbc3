"""The close of a day: what a node hands to a carrier is written down as a whole, and the carrier is told of it once."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from troth.flows.asking import reach
from troth.flows.door.system import System
from troth.flows.shipping.labels import CARRIER_SECONDS_MAX, CLAIM_SECONDS
from troth.flows.shipping.papers import zone_of
from troth.model.asked import Declined, Lost, again_at
from troth.model.ids import NodeId, order_of_label
from troth.model.label import Label
from troth.model.manifest import Closed, CloseOutcome, Manifest, ManifestParcel, ManifestState
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotPossibleNow
from troth.store.database import transaction
from troth.store.labels import number_of
from troth.store.manifests import (
    claim_manifests,
    find_to_manifest,
    lock_manifests,
    read_manifest,
    take_off_manifest,
    write_manifest,
    write_new_manifest,
)

PARCELS_MAX: Final = 2_000
_CONFLICTS_MAX: Final = 20


class _Changed(Exception):
    """Undoes a manifest of which a label was changed meanwhile."""


async def close_day(
    system: System, node: NodeId, carrier: str, *, actor: str
) -> Manifest | NotPossibleNow | Invalid | Busy:
    """Put all parcels of a node for a carrier that are on no manifest on one, and tell the carrier."""
    if node not in system.door.reference.network.index:
        return Invalid((FieldFlaw("/node", f"there is no node {node}"),))
    if carrier not in system.carriers:
        connected = ", ".join(sorted(system.carriers)) or "none"
        return Invalid((FieldFlaw("/carrier", f"is not connected here; connected are: {connected}"),))
    for _ in range(_CONFLICTS_MAX):
        try:
            made = await _write(system, node, carrier, actor)
        except _Changed:
            continue
        return made if isinstance(made, NotPossibleNow) else await _tell(system, made)
    return Busy(_CONFLICTS_MAX)


async def tell_due(system: System, *, limit: int) -> int:
    """Tell carriers of at most `limit` manifests of which nobody knows whether they took them; of how many."""
    async with system.pool.acquire() as connection:
        found = await claim_manifests(connection, system.door.now(), seconds=CLAIM_SECONDS, limit=limit)
    await asyncio.gather(*(_tell(system, one) for one in found))
    return len(found)


def record_closed(manifest: Manifest, outcome: CloseOutcome, now: datetime) -> Manifest:
    """The manifest after its carrier answered."""
    match outcome:
        case Closed():
            return replace(
                manifest, state=ManifestState.CLOSED, reference=outcome.reference, answered_at=now, code="", detail=""
            )
        case Declined():
            return replace(
                manifest, state=ManifestState.REFUSED, answered_at=now, code=outcome.code, detail=outcome.detail
            )
        case Lost():
            return replace(
                manifest, asked_at=now, attempts=manifest.attempts + 1, code="unanswered", detail=outcome.detail
            )


async def _write(system: System, node: NodeId, carrier: str, actor: str) -> Manifest | NotPossibleNow:
    now = system.door.now()
    day = now.astimezone(ZoneInfo(zone_of(system, node))).date()
    async with transaction(system.pool) as connection:
        number = await lock_manifests(connection, node, carrier, day) + 1
        found = await find_to_manifest(connection, node, carrier, limit=PARCELS_MAX)
        labels = [label for label in found if not label.consignment.is_return]
        if not labels:
            return NotPossibleNow("close the day", "no parcel waits for a manifest")
        manifest = Manifest(node, carrier, day, number, tuple(map(_parcel, labels)), now, actor)
        if not await write_new_manifest(connection, manifest, labels, now, seconds=CLAIM_SECONDS):
            raise _Changed
    return manifest


async def _tell(system: System, manifest: Manifest) -> Manifest:
    """Tell the carrier, with no connection of ours held meanwhile, and record what it says."""
    carrier = system.carriers.get(manifest.carrier)
    outcome: CloseOutcome = (
        Lost("no carrier by that name is set up here")
        if carrier is None
        else await reach(manifest.manifest_id, carrier.close(manifest), seconds=CARRIER_SECONDS_MAX)
    )
    now = system.door.now()
    after = record_closed(manifest, outcome, now)
    due_at = again_at(now, after.attempts) if after.state is ManifestState.REQUESTED else None
    async with transaction(system.pool) as connection:
        if await write_manifest(connection, after, due_at=due_at) and after.state is ManifestState.REFUSED:
            keys = [(order_of_label(one.label_id), number_of(one.label_id)) for one in after.parcels]
            await take_off_manifest(connection, after, keys)
        return await read_manifest(connection, manifest.manifest_id) or after


def _parcel(label: Label) -> ManifestParcel:
    told = label.consignment
    return ManifestParcel(
        label.label_id, label.tracking_number, label.service, told.reference, told.recipient.name, told.grams
    )
