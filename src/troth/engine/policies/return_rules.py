"""The rules of returns that are in force, with their expressions as code, and which of them decides."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from troth.engine.rules.compiled import try_compile
from troth.engine.rules.fields import ITEM, LINE, NODE, OF_ORDER, RETURN
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import is_certain
from troth.model.return_rules import (
    BUILT_IN,
    DispositionRule,
    NodeRule,
    RefundRule,
    ReturnRules,
    ReturnWindow,
    RiskAction,
    RiskRule,
)
from troth.model.value import dataclass

OF_RETURN: Final = OF_ORDER | LINE | ITEM | RETURN
"""What conditions of returns may ask about."""

OF_RETURN_NODE: Final = OF_RETURN | NODE
"""What rules about nodes that take returns may ask about."""

BUILT_IN_VERSION: Final = "built-in"


class Conditional(Protocol):
    """A rule with a name and a condition."""

    @property
    def name(self) -> str:
        """What it is called within its document."""

    @property
    def when(self) -> str:
        """When it decides; empty: always."""


R = TypeVar("R", bound=Conditional)


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """The rules that decide about returns, and the name under which a return remembers them."""

    version: str = BUILT_IN_VERSION
    rules: ReturnRules = BUILT_IN

    @property
    def windows(self) -> tuple[ReturnWindow, ...]:
        """What an item says of itself, then the windows, then the one that is built in."""
        return (BUILT_IN.windows[0], *self.rules.windows, *BUILT_IN.windows[1:])

    @property
    def refunds(self) -> tuple[RefundRule, ...]:
        """The rules of refunds, then those that are built in."""
        return (*self.rules.refunds, *BUILT_IN.refunds)

    @property
    def dispositions(self) -> tuple[DispositionRule, ...]:
        """The rules of dispositions, then those that are built in."""
        return (*self.rules.dispositions, *BUILT_IN.dispositions)


NO_RULES: Final = ReturnPolicy()
"""What decides where no document is in force."""


@dataclass(frozen=True, slots=True)
class Risk:
    """The rules of risk that spoke, and the worst that they ask for (None: none spoke)."""

    names: tuple[str, ...] = ()
    action: RiskAction | None = None


_WORST: Final = (RiskAction.REFUSE, RiskAction.HOLD, RiskAction.FLAG)


def first_rule(rules: Iterable[R], ground: Ground) -> R | None:
    """The first rule whose condition is known to hold."""
    return next((rule for rule in rules if holds(rule.when, ground)), None)


def find_risk(rules: Sequence[RiskRule], grounds: Sequence[Ground]) -> Risk:
    """The rules of risk that hold for any line of a return."""
    spoken = [rule for rule in rules if any(holds(rule.when, ground) for ground in grounds)]
    worst = next((action for action in _WORST if any(rule.action is action for rule in spoken)), None)
    return Risk(tuple(rule.name for rule in spoken), worst)


def nodes_that_take(rules: Sequence[NodeRule], ground: Ground) -> NDArray[np.bool_]:
    """The nodes (N) that take a line of a return back: the first rule that holds for a node decides, else it does."""
    count = len(ground.network.nodes)
    takes = np.ones(count, dtype=np.bool_)
    is_decided = np.zeros(count, dtype=np.bool_)
    for rule in rules:
        code = try_compile(rule.where, reads=OF_RETURN_NODE).code
        found = False if code is None else is_certain(code.run(ground))
        hits = np.broadcast_to(np.asarray(found, dtype=np.bool_), (1, count))[0] & ~is_decided
        takes[hits] = rule.takes
        is_decided |= hits
    return takes


def holds(when: str, ground: Ground) -> bool:
    """Whether a condition is known to hold; an empty one always does."""
    return not when or _holding(when)(ground)


@lru_cache(maxsize=1_024)
def _holding(when: str) -> Callable[[Ground], bool]:
    code = try_compile(when, reads=OF_RETURN).code
    if code is None:
        return lambda _ground: False
    run = code.run
    return lambda ground: bool(np.all(is_certain(run(ground))))
