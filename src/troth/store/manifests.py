"""Manifests, and the labels that are on them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from troth.model.ids import NodeId, OrderId
from troth.model.label import Label
from troth.model.manifest import Manifest, ManifestId
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.labels import label_of_row
from troth.store.queries import sql

_LOCK: Final = sql("lock_manifests")
_COUNT: Final = sql("count_manifests")
_TO_MANIFEST: Final = sql("find_labels_to_manifest")
_COUNT_LABELS: Final = sql("count_labels_to_manifest")
_PUT: Final = sql("put_on_manifest")
_TAKE_OFF: Final = sql("take_off_manifest")
_WRITE_NEW: Final = sql("write_new_manifest")
_WRITE: Final = sql("write_manifest")
_READ: Final = sql("read_manifest")
_FIND: Final = sql("find_manifests")
_CLAIM: Final = sql("claim_manifests")


async def lock_manifests(connection: Connection, node: NodeId, carrier: str, day: date) -> int:
    """Keep others from making manifests of a node for a carrier until the transaction ends; how many the day has."""
    await connection.execute(_LOCK, f"{node}.{carrier}")
    count: int = await connection.fetchval(_COUNT, node, carrier, day)
    return count


async def find_to_manifest(connection: Connection, node: NodeId, carrier: str, *, limit: int) -> list[Label]:
    """Labels of a node that a carrier made and that are on no manifest."""
    return [label_of_row(row) for row in await connection.fetch(_TO_MANIFEST, node, carrier, limit)]


async def count_to_manifest(connection: Connection, nodes: Collection[str] | None) -> list[tuple[NodeId, str, int]]:
    """How many labels of some nodes (None: of all) are on no manifest, by node and carrier."""
    rows = await connection.fetch(_COUNT_LABELS, None if nodes is None else sorted(nodes))
    return [(row["node"], row["carrier"], row["labels"]) for row in rows]


async def write_new_manifest(
    connection: Connection, manifest: Manifest, labels: Sequence[Label], now: datetime, *, seconds: float
) -> bool:
    """Write a manifest with its labels, claimed for so many seconds; False where one of them is no longer as it was:
    then the transaction has to be undone.
    """
    keys = [label.order_id for label in labels], [label.number for label in labels]
    name = manifest.manifest_id
    taken = await connection.fetch(_PUT, name, *keys, [label.version for label in labels])
    row = (name, manifest.node, manifest.carrier, manifest.day, manifest.number, manifest.state.value, now)
    await connection.execute(_WRITE_NEW, *row, now + timedelta(seconds=seconds), encode(manifest))
    return len(taken) == len(labels)


async def take_off_manifest(connection: Connection, manifest: Manifest, keys: Sequence[tuple[OrderId, int]]) -> None:
    """Take labels (order and number) off a manifest."""
    await connection.execute(
        _TAKE_OFF, [order_id for order_id, _ in keys], [number for _, number in keys], manifest.manifest_id
    )


async def write_manifest(connection: Connection, manifest: Manifest, *, due_at: datetime | None) -> bool:
    """Write a manifest as it now is, and free it; False where it is no longer of the version that it has."""
    row = (manifest.manifest_id, manifest.version, manifest.state.value, encode(manifest), due_at)
    return await connection.fetchval(_WRITE, *row) is not None


async def read_manifest(connection: Connection, name: ManifestId) -> Manifest | None:
    """One manifest."""
    row = await connection.fetchrow(_READ, name)
    return None if row is None else _manifest(row)


async def find_manifests(
    connection: Connection, nodes: Collection[str] | None, *, after: tuple[date, str] | None, limit: int
) -> list[Manifest]:
    """A page of the manifests of some nodes (None: of all), the newest first."""
    day, name = after or (None, None)
    named = None if nodes is None else sorted(nodes)
    return [_manifest(row) for row in await connection.fetch(_FIND, named, day, name, limit)]


async def claim_manifests(connection: Connection, now: datetime, *, seconds: float, limit: int) -> list[Manifest]:
    """Claim manifests that are due, the longest overdue first."""
    return [_manifest(row) for row in await connection.fetch(_CLAIM, now, seconds, limit)]


def _manifest(row: Any) -> Manifest:
    return replace(decode(row["manifest"], Manifest), version=row["version"])
