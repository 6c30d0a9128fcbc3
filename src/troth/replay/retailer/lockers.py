"""The lockers of the sample retailer: one at each of its first two stores, made of nothing but the store."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from troth.model.ids import NodeId
from troth.model.locker import CompartmentSize, Locker
from troth.model.network import Calendar, Node, NodeType

_STORES: Final = 2
_SIZES: Final = (
    CompartmentSize("S", (350, 450, 120), 10_000, tuple(range(1, 9))),
    CompartmentSize("M", (350, 450, 300), 15_000, tuple(range(21, 25))),
    CompartmentSize("L", (350, 450, 650), 25_000, (41, 42)),
)


def make_lockers(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """A locker in front of each of the first stores, which is open at any hour and is loaded within a quarter."""
    stores = [node for node in nodes if node.type is NodeType.STORE][:_STORES]
    return tuple(
        Node(
            node=NodeId(f"LK-{store.node.removeprefix('ST-')}"),
            type=NodeType.LOCKER,
            name=f"Locker at {store.name}",
            latitude=store.latitude,
            longitude=store.longitude,
            time_zone=store.time_zone,
            address=replace(store.address, name=f"Locker at {store.name}"),
            calendar=Calendar(),
            pickup=True,
            locker=Locker(store.node, _SIZES, keep_hours=72.0, load_minutes=15),
        )
        for store in stores
    )
