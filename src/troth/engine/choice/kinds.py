"""Candidates of one kind: whatever they send costs the same, so that it is priced once for all of them.

A thousand nodes that offer three services are three thousand candidates, but of two with the same dates, zone and
handling only one need be priced, and retailers know few costs of handling: some thirty kinds are left. Which sets of
lines candidates of a kind hold whole is counted, in two passes over all of them; everything else is done by kind.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import Lanes
from troth.model.value import dataclass

_NAMES_MAX: Final = 65_536

_FEW: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """The kind `of` each candidate (services, N) of some lanes; and of each kind (P) the lane and the rate lane, and
    what handling a unit and sending a shipment cost.
    """

    of: NDArray[np.intp]
    lane: NDArray[np.intp]
    rate_lane: NDArray[np.intp]
    handling: NDArray[np.float64]
    shipment: NDArray[np.float64]

    @property
    def are_few(self) -> bool:
        """Whether it is quicker to look at them than at the candidates: there are hardly any, or far fewer."""
        return self.lane.size <= max(_FEW, self.of.size // 4)


def find_kinds(network: Network, lanes: Lanes) -> Kinds:
    """The kinds of the candidates of some lanes, remembered."""
    found = network.memory.tables["kinds"].get(lanes)
    if isinstance(found, Kinds):
        return found
    nodes, costs = len(network.nodes), _cost_numbers(network)
    name = (lanes.rate_lane * (lanes.absent + 1) + lanes.lane) * (int(costs.max(initial=0)) + 1) + costs
    of, some = _number(name.reshape(-1))
    kinds = Kinds(
        of.reshape(name.shape),
        lanes.lane.reshape(-1)[some],
        lanes.rate_lane.reshape(-1)[some],
        network.handling[some % nodes],
        network.shipment[some % nodes],
    )
    network.memory.keep("kinds", lanes, kinds)
    return kinds


def _cost_numbers(network: Network) -> NDArray[np.intp]:
    """A number (N) for each node that is equal where their own costs are."""
    found = network.memory.tables["kinds"].get(None)
    if isinstance(found, np.ndarray):
        return found
    _costs, numbers = np.unique(network.handling + 1j * network.shipment, return_inverse=True)
    network.memory.keep("kinds", None, numbers)
    return numbers


def _number(names: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers from 0 on (C) of what has equal names, none of them negative, and where some of each number (P) is.

    >>> of, some = _number(np.array([7, 3, 7]))
    >>> of.tolist(), some.tolist()
    ([1, 0, 1], [1, 2])
    """
    most = int(names.max(initial=-1)) + 1
    if most > _NAMES_MAX:
        _names, some, of = np.unique(names, return_index=True, return_inverse=True)
        return of, some
    is_name = np.zeros(most, dtype=np.bool_)  # looked up in a table, which takes a tenth of sorting them
    is_name[names] = True
    of = (np.cumsum(is_name) - 1)[names]
    some = np.empty(int(is_name.sum()), dtype=np.intp)
    some[of] = np.arange(names.size)
    return of, some


def held_sets(available: NDArray[np.float64], quantities: Sequence[int]) -> NDArray[np.intp]:
    """Of each node (N) the lines of which so many units (K, eight at most) are `available` (K, N), as the bits of a
    number.

    >>> held_sets(np.array([[1.0, 0.0, 5.0], [1.0, 0.0, 5.0]]), [1, 2]).tolist()
    [1, 0, 3]
    """
    holds = available >= np.array(quantities, dtype=np.float64)[:, np.newaxis]
    sets: NDArray[np.intp] = np.packbits(holds, axis=0, bitorder="little")[0].astype(np.intp)
    return sets


def find_senders(kind_of: NDArray[np.intp], held: NDArray[np.intp], *, kinds: int, lines: int) -> NDArray[np.bool_]:
    """Which sets of so many lines some candidate of each kind holds whole (2^K, P): candidates are of the kinds
    `kind_of` (services, N), and nodes hold the sets `held` (N).
    """
    holds = np.bincount(((kind_of << lines) | held).reshape(-1), minlength=kinds << lines) > 0
    for line in range(lines):  # whoever holds a set holds all that is in it
        pairs = holds.reshape(-1, 2, 1 << line)
        pairs[:, 0] |= pairs[:, 1]
    return holds.reshape(kinds, 1 << lines).T


def tied_candidates(kinds: Kinds, held: NDArray[np.intp], part: int, cheapest: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The candidates (services, N) of the `cheapest` kinds (P) that hold a set of lines."""
    tied: NDArray[np.bool_] = cheapest[kinds.of] & ((held & part) == part)
    return tied


def price_kinds(
    kinds: Kinds,
    quantities: Sequence[int],
    *,
    split: float,
    delays: NDArray[np.float64],
    rates: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The cost (2^K, P) of each set of lines as one shipment of each kind, NEVER or more where its lane has no dates;
    `delays` are those of a line (P), `rates` those of each set by rate lane (2^K, rate lanes).
    """
    each = np.multiply.outer(np.array(quantities, dtype=np.float64), kinds.handling) + delays
    costs = np.empty((1 << len(quantities), kinds.lane.size))
    costs[0] = kinds.shipment + split
    for line, more in enumerate(each):
        np.add(costs[: 1 << line], more, out=costs[1 << line : 2 << line])
    costs += rates.take(kinds.rate_lane, axis=1, mode="clip")
    return costs
