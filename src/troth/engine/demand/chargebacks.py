"""What a trading partner's routing guide takes off, as the choice counts it: by shipment, and by line that is late."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.cost_rates import CHARGEBACK_CARRIER, CHARGEBACK_LATE, CHARGEBACK_SPLIT
from troth.model.money import Money
from troth.model.network import RateCard
from troth.model.plan import Demand, DemandLine, Uncovered
from troth.model.routing_guide import RoutingGuide
from troth.model.value import dataclass

_NEVER_LATE: Final = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Chargebacks:
    """The chargebacks of one problem of K lines: what a shipment costs by rate card (`carrier`), and until when each
    line (K, POSIX; inf: it is never late) must have come.
    """

    guide: RoutingGuide
    carrier: NDArray[np.float64]
    needed: NDArray[np.float64]

    @property
    def has_late(self) -> bool:
        """Whether any line could come late, and that would cost anything."""
        is_charged = bool(self.guide.late_minor or self.guide.late_basis_points)
        return is_charged and bool((self.needed < _NEVER_LATE).any())

    def is_late(self, promised_at: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each line (K, services, n) comes too late by what is promised (services, n; POSIX)."""
        late: NDArray[np.bool_] = promised_at > self.needed[:, np.newaxis, np.newaxis]
        return late

    def parts(
        self,
        lines: Sequence[DemandLine],
        quantities: Mapping[int, int],
        *,
        card: int,
        promised_at: float,
        is_first: bool,
    ) -> dict[str, int]:
        """What one shipment costs, by name (minor units)."""
        late = [line for line in quantities if promised_at > self.needed[line]]
        return {
            CHARGEBACK_CARRIER: int(self.carrier[card]),
            CHARGEBACK_LATE: sum(
                self.guide.late_minor + self.guide.late_of(lines[line].value_minor(quantities[line])) for line in late
            ),
            CHARGEBACK_SPLIT: 0 if is_first else self.guide.split_minor,
        }


def find_chargebacks(demand: Demand, lines: Sequence[DemandLine], cards: Sequence[RateCard]) -> Chargebacks | None:
    """The chargebacks of a demand; None where no partner takes anything off. A promise that is to be kept although
    nobody asked for a date is none that a partner charges for.
    """
    guide = demand.guide
    if guide is None:
        return None
    carrier = [0 if guide.takes(card.carrier, card.service) else guide.carrier_minor for card in cards]
    needed = [_NEVER_LATE if line.need_by is None or line.is_promised else line.need_by.timestamp() for line in lines]
    return Chargebacks(guide, np.array(carrier, dtype=np.float64), np.array(needed))


def notes_on_guide(demand: Demand, uncovered: Iterable[Uncovered], currency: str) -> Iterator[str]:
    """What is to be said of a plan under a routing guide: which it is, and what is charged for what is not sent."""
    guide = demand.guide
    if guide is None:
        return
    name = guide.name
    if guide.currency != currency:
        yield f"costs are in {currency}: chargebacks of routing guide {name} in {guide.currency} are not weighed"
        return
    yield f"chargebacks are those of routing guide {name}"
    lines = {line.line_id: line for line in demand.lines}
    missing = [(lines[gap.line_id], gap.quantity) for gap in uncovered if gap.line_id in lines]
    short = sum(guide.short_of(line.value_minor(units)) for line, units in missing)
    if short:
        yield f"what cannot be sent may be charged back with {Money(short, currency).amount} {currency}"
