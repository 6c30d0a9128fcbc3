"""What orders and carts have taken of protections and quotas, counted from how they change: no verb can forget it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.exposure import Draw
from troth.model.ids import NodeId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Order
from troth.model.value import dataclass

DRAWS_NOTHING: Final = frozenset(
    {
        AllocationState.CANCELED,
        AllocationState.REJECTED,
        AllocationState.SHORT,
        AllocationState.SPLIT,
        AllocationState.REPLACED,
    }
)
"""Parts that are counted against nothing (any more)."""
_NOTHING: Final[Mapping[NodeId, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DrawMove:
    """By how much a count changes, the most that it may come to (None: no limit), and the least it was taken to be.

    `most` keeps a quota from being overdrawn, `least` what is protected from being taken to be used up when it no
    longer is.
    """

    amount: int
    most: int | None = None
    least: int | None = None

    def joined(self, other: "DrawMove") -> "DrawMove":
        """Both, one after the other."""
        mosts = [move.most for move in (self, other) if move.most is not None]
        leasts = [move.least for move in (self, other) if move.least is not None]
        return DrawMove(self.amount + other.amount, min(mosts, default=None), max(leasts, default=None))


class Consumed:
    """The counts by draw, units. Whoever commits promises moves it; the engine only reads it.

    `version` is another number after each change.
    """

    __slots__ = ("_at_nodes", "_less", "_used", "version")

    def __init__(self, counts: Iterable[tuple[Draw, int]] = ()) -> None:
        self._less: Mapping[Draw, int] = {}
        self._used: dict[Draw, int] = {}
        self._at_nodes: dict[tuple[str, Sku], dict[NodeId, int]] = {}
        self.version = 0
        self.replace(counts)

    def replace(self, counts: Iterable[tuple[Draw, int]]) -> None:
        """Forget everything and take over these counts."""
        self._used.clear()
        self._at_nodes.clear()
        self.version += 1
        for draw, used in counts:
            self.put(draw, used)

    def put(self, draw: Draw, used: int) -> None:
        """Say what a count is."""
        self._used[draw] = used
        self.version += 1
        if draw.node:
            self._at_nodes.setdefault((draw.rule, draw.sku), {})[draw.node] = used

    def move(self, moves: Iterable[tuple[Draw, int]]) -> None:
        """Add to counts, or take from them."""
        for draw, amount in moves:
            self.put(draw, self._used.get(draw, 0) + amount)

    def without(self, draws: Iterable[tuple[Draw, int]]) -> "Consumed":
        """The same counts to be read as if some units were not counted; what is counted meanwhile shows in them."""
        view = Consumed()
        view._used, view._at_nodes, view.version = self._used, self._at_nodes, self.version
        view._less = dict(draws)
        return view

    def used(self, draw: Draw) -> int:
        """What is counted, 0 where nothing is."""
        return self._used.get(draw, 0) - self._less.get(draw, 0)

    def at_nodes(self, rule: str, sku: Sku) -> Mapping[NodeId, int]:
        """What a rule counts of an item, by node."""
        found = self._at_nodes.get((rule, sku), _NOTHING)
        if not self._less:
            return found
        return {node: used - self._less.get(Draw(rule, sku, node), 0) for node, used in found.items()}


def draws_of(order: Order) -> dict[Draw, int]:
    """What an order takes of protections and quotas: the units of its live parts, and of those that have left."""
    taken: dict[Draw, int] = {}
    for part in order.allocations:
        if part.draws and part.state not in DRAWS_NOTHING:
            for draw in part.draws:
                taken[draw] = taken.get(draw, 0) + part.quantity
    return taken


def draw_moves(before: Order | None, after: Order) -> tuple[tuple[Draw, int], ...]:
    """By how much each count changes between two states of an order, sorted."""
    if not any([part.draws for part in after.allocations]):  # noqa: C419 - a list is quicker, for every order
        return ()
    return _moves({} if before is None else draws_of(before), draws_of(after))


def cart_draw_moves(before: CartHold | None, after: CartHold) -> tuple[tuple[Draw, int], ...]:
    """By how much each count changes between two states of a cart's hold, sorted."""
    return _moves({} if before is None else _drawn_by(before), _drawn_by(after))


def _drawn_by(hold: CartHold) -> dict[Draw, int]:
    return dict(hold.draws) if hold.state is CartHoldState.HELD else {}


def _moves(old: Mapping[Draw, int], new: Mapping[Draw, int]) -> tuple[tuple[Draw, int], ...]:
    moves = ((draw, new.get(draw, 0) - old.get(draw, 0)) for draw in sorted(old.keys() | new.keys()))
    return tuple((draw, amount) for draw, amount in moves if amount)
