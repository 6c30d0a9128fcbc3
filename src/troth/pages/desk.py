"""What every page works with: the system, what is remembered for some seconds, and who is visiting."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request

from troth.flows.door.system import System
from troth.flows.exceptions.intake import Try
from troth.flows.people.access import Actor
from troth.flows.records.bodies import Bodies
from troth.model.ids import NodeId
from troth.model.network import Node
from troth.model.value import dataclass
from troth.pages.entrance import Entrance
from troth.pages.feed import Feed

T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    value: Any = None
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Memory:
    """Figures that many pages show: each is found by one caller at a time and good for some seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def get(self, name: str, seconds: float, find: Callable[[], Awaitable[T]]) -> T:
        """The figure by that name, as it was found at most `seconds` ago."""
        kept = self._kept.setdefault(name, _Kept())
        async with kept.lock:
            if self._clock() >= kept.until:
                kept.value = await find()
                kept.until = self._clock() + seconds
            value: T = kept.value
            return value


@dataclass(frozen=True, slots=True)
class Desk:
    """An entrance of one process. `label` is what its pages show beside the name, such as that the data is a sample;
    `attempt_for` captures a document of the intake for somebody (None: documents can only be put away), and `bodies`
    checks nodes and items (None: they can only be looked at).
    """

    entrance: Entrance
    system: System
    feed: Feed
    memory: Memory
    label: str = ""
    attempt_for: Callable[[System, Actor], Try] | None = None
    bodies: Bodies | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is logged in; `csrf` is what their forms must bring back."""

    request: Request
    desk: Desk
    actor: Actor
    csrf: str

    @property
    def system(self) -> System:
        """The system behind the entrance."""
        return self.desk.system

    @property
    def base(self) -> str:
        """The path under which the entrance is mounted."""
        path: str = self.request.scope.get("root_path", "")
        return path

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes by id, as the process remembers them."""
        network = self.system.door.reference.network
        return {node.node: node for node in network.nodes}

    def zone_of(self, node: str | None) -> str:
        """The time zone of a node; UTC where there is no such node."""
        network = self.system.door.reference.network
        position = network.index.get(NodeId(node)) if node else None
        return "UTC" if position is None else network.nodes[position].time_zone

    @property
    def now(self) -> datetime:
        """The system's time."""
        return self.desk.system.door.now()

    def asked(self, name: str, *, length_max: int = 200) -> str:
        """A parameter of the address, without the space around it; empty where it is not given."""
        return self.request.query_params.get(name, "").strip()[:length_max]
