"""Why a plan and not another one: what stood in for each node, and what would have changed the choice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from troth.model.ids import NodeId, Sku
from troth.model.plan import Alternative, Plan

Standing = Literal["chosen", "dearer", "partial", "removed"]
"""What became of a node: it is in the plan; it could do all of it, but not better; it could do a part; it could not."""

Change = Literal["stock", "cost", "weight", "limit", "rule"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One node by itself: how many units of the demand it could send, when, and what that would cost by part.

    `reason` says why it was removed, or why it could not send the rest; costs are in minor units.
    """

    node: NodeId
    standing: Standing
    reason: str
    units: int
    promised_at: datetime | None = None
    cost: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flip:
    """A single change that would have led to another plan, as solving again with it showed.

    `change` says of what kind it is: `stock` (`amount` more units of `sku` at `node`), `cost` (a shipment of `node`
    cheaper by `amount` minor units), `weight` (the policy's `name` at `amount`), `limit` (the policy's `name` at
    `amount`), `rule` (without the rule `name`). `saves_minor` is how much cheaper the plan would be (negative: dearer),
    `adds_units` how many units more it would cover.
    """

    change: Change
    amount: int
    nodes: tuple[NodeId, ...]
    saves_minor: int
    adds_units: int
    promised_at: datetime | None
    node: NodeId | None = None
    sku: Sku | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan with the candidates one by one, the best plans not chosen, and the changes that would have flipped it.

    `flips` come in the order of what they save. Everything in it was solved by the engine from the same inputs.

    `left_out` counts the nodes that are not among the candidates, by reason; `alternatives_skipped` and `flips_skipped`
    count what was not looked at because the time for an explanation was over.
    """

    plan: Plan
    candidates: tuple[Candidate, ...]
    alternatives: tuple[Alternative, ...]
    flips: tuple[Flip, ...]
    input_digest: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    alternatives_skipped: int = 0
    flips_skipped: int = 0
