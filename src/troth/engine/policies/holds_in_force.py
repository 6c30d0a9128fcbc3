"""Hold rules as they count at an instant: the types of holds that there are, and the rules by which orders are held."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final

from troth.engine.rules.compiled import Compiled, try_compile
from troth.engine.rules.fields import HISTORY, ITEM, LINE, OF_ORDER
from troth.model.hold_rules import BUILT_IN, HoldRule, HoldRules, HoldType
from troth.model.value import dataclass

OF_HOLDS: Final = OF_ORDER | LINE | ITEM | HISTORY
"""What a hold rule may read."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadyRule:
    """A rule with its type, its condition as code, and the label of its document."""

    rule: HoldRule
    type: HoldType
    condition: Compiled
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class HoldsInForce:
    """The types of holds by name, and the rules by which new orders are held, in their order."""

    types: Mapping[str, HoldType] = field(default_factory=lambda: dict(BUILT_IN))
    rules: tuple[ReadyRule, ...] = ()
    looks_at_history: bool = False


def compile_holds(documents: Sequence[tuple[str, HoldRules]]) -> HoldsInForce:
    """The documents in force (label and content), in the order of their names; of types by one name the last counts."""
    types = dict(BUILT_IN) | {one.name: one for _, rules in documents for one in rules.types}
    ready = tuple(
        ReadyRule(rule, types.get(rule.type, HoldType(rule.type)), try_compile(rule.when, reads=OF_HOLDS), label)
        for label, rules in documents
        for rule in rules.rules
    )
    looks = any(one.condition.code is not None and bool(one.condition.code.reads & HISTORY) for one in ready)
    return HoldsInForce(types, ready, looks)


def ends_at(type_: HoldType, now: datetime) -> datetime | None:
    """When the clock of a hold that is placed now is over; None: never."""
    return None if type_.hours is None else now + timedelta(hours=type_.hours)
