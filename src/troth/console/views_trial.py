"""Candidate by candidate what becomes of a node under what is in force and under what is tried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from troth.flows.orders.tell_flip import tell_candidate
from troth.model.explanation import Candidate, Explanation
from troth.model.ids import NodeId
from troth.model.value import dataclass

_UNSEEN: Final = "not looked at"


@dataclass(frozen=True, slots=True)
class Stand:
    """What became of a node on one side: its standing as a word, why, and what it would cost (minor units) and promise
    by itself, None where it could send nothing.
    """

    standing: str
    told: str
    cost_minor: int | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A node on both sides. Its standing `moves`, or it stands as it did and something else of it `differs`."""

    node: NodeId
    before: Stand
    after: Stand

    @property
    def moves(self) -> bool:
        """Whether it stands otherwise under what is tried."""
        return self.before.standing != self.after.standing

    @property
    def differs(self) -> bool:
        """Whether anything of it does: its standing, the reason, the cost or the date."""
        return self.before != self.after


def compare_candidates(before: Explanation, after: Explanation, currency: str) -> tuple[Compared, ...]:
    """Every node that either side looked at, those whose standing moves first, then those of which anything differs."""
    sides = _stands(before, currency), _stands(after, currency)
    nodes: Sequence[NodeId] = list(dict.fromkeys((*sides[0], *sides[1])))
    unseen = Stand(_UNSEEN, "the time of the explanation was up")
    rows = [Compared(node, sides[0].get(node, unseen), sides[1].get(node, unseen)) for node in nodes]
    return tuple(sorted(rows, key=lambda row: (not row.moves, not row.differs)))


def _stands(why: Explanation, currency: str) -> dict[NodeId, Stand]:
    return {one.node: _stand(one, why, currency) for one in why.candidates}


def _stand(one: Candidate, why: Explanation, currency: str) -> Stand:
    told = tell_candidate(one, why.plan.cost_minor, why.plan.wanted, currency)
    return Stand(
        one.standing,
        "" if told == one.standing else told,
        sum(one.cost.values()) if one.cost else None,
        one.promised_at,
    )
