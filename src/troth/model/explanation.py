"""Why a plan and not another one: what stood in for each node, and what would have changed the choice."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from typing import Literal

from troth.model.ids import NodeId, Sku
from troth.model.plan import Alternative, Plan
from troth.model.value import dataclass

Standing = Literal["chosen", "dearer", "behind", "partial", "removed"]
"""What became of a node: it is in the plan; it could do all of it for more; for no more, but what comes before cost put
others first; it could do a part; it could not.
"""

Change = Literal["capacity", "cut_off", "processing", "calendar", "stock", "cost", "limit", "weight", "rule"]


Kind = Literal["eligibility", "exclusion", "filter"]
"""What a rule is: one that must hold, one that must not, or one of a tier."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rule that keeps a node from sending: one of all tiers (`tier` empty), or a filter of a tier."""

    kind: Kind
    name: str
    expression: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One node by itself: how many units of the demand it could send, when, and what that would cost by part.

    `reason` says why it was removed, why it could not send the rest, or what came before cost, and `detail` says it in
    a sentence where the code is not enough. `bars` are the rules that removed it from the tiers that answered, and
    `could_in` other tiers in which it could send something. Costs are in minor units; `dearer_minor` is by how much the
    choice counted it dearer than the plan, with the policy's weights.
    """

    node: NodeId
    standing: Standing
    reason: str
    units: int
    promised_at: datetime | None = None
    cost: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""
    bars: tuple[Bar, ...] = ()
    could_in: tuple[str, ...] = ()
    dearer_minor: int = 0


@dataclass(frozen=True, slots=True)
class Flip:
    """A single change that would have led to another plan, as solving again with it showed.

    `change` says of what kind it is: `capacity` (`amount` more of the work that `node` counts, `name`, on `day`),
    `cut_off` (that of `node` at `amount` minutes after midnight, its time), `processing` (`amount` minutes at `node`),
    `calendar` (`node` open on `day`, or on each weekday `name`), `stock` (`amount` more units of `sku` at `node`),
    `cost` (a shipment of `node` cheaper by `amount` minor units), `weight` (the policy's `name` at `amount`), `limit`
    (the policy's `name` at `amount`), `rule` (without the rule `name`). `size` is how far that is from what is, in the
    same unit. `saves_minor` is how much cheaper the plan would be (negative: dearer), `adds_units` how many units more
    it would cover.
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
    day: date | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan with the candidates one by one, the best plans not chosen, and the changes that would have flipped it.

    `flips` come by kind, in the order of `Change`, and within a kind the smallest change first. Everything in it was
    solved by the engine from the same inputs.

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
