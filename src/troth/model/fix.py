"""A fix: what can be done about an exception, as the engine would carry it out now, and what it would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.commands import OrderCommand
from troth.model.ids import NodeId, OrderId, Sku


class FixKind(StrEnum):
    """What a fix does."""

    RE_SOURCE = "re_source"
    SPLIT = "split"
    SUBSTITUTE = "substitute"
    UPGRADE_SERVICE = "upgrade_service"
    OTHER_PICKUP = "other_pickup"
    NEW_DATE = "new_date"
    PARTIAL = "partial"
    WAIT = "wait"
    RELEASE = "release"
    LIFT = "lift"
    CANCEL = "cancel"


TOLD: Final[Mapping[FixKind, str]] = {
    FixKind.RE_SOURCE: "send it from elsewhere",
    FixKind.SPLIT: "let it leave in parts",
    FixKind.SUBSTITUTE: "send another item",
    FixKind.UPGRADE_SERVICE: "send it by another service",
    FixKind.OTHER_PICKUP: "hand it over at a store",
    FixKind.NEW_DATE: "promise it for another date",
    FixKind.PARTIAL: "send what there is and cancel the rest",
    FixKind.WAIT: "let it wait for stock",
    FixKind.RELEASE: "hand it to its node now",
    FixKind.LIFT: "lift the hold",
    FixKind.CANCEL: "cancel it",
}
"""Each kind in a few words."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that a fix would take at a node, and how many would be left there for others."""

    sku: Sku
    node: NodeId
    units: int
    left: int


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to settle an exception, and what it would do.

    `detail` says with what (a node, an item, a service). The units concerned would be there by `promised_at` (None:
    they are not wanted, or that is not known); it costs `cost_minor` more to serve (of the policy's currency) and the
    customer pays `price_minor` more (minor units, below 0: less). `takes` are units that others could have had, and
    `waiting` how many other orders wait for the same items. Where it is not `is_whole` some units stay as they are.
    """

    kind: FixKind
    fix_id: str
    order_id: OrderId
    command: OrderCommand
    detail: str = ""
    promised_at: datetime | None = None
    cost_minor: int = 0
    price_minor: int = 0
    takes: tuple[Taken, ...] = ()
    waiting: int = 0
    is_whole: bool = True
