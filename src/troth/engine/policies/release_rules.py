"""Release rules made ready to be applied: which of them speaks of an order, and of a node."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar

from troth.engine.carriage.network import Network
from troth.engine.exposure.item_rules import holds_at
from troth.engine.rules.compiled import Compiled, try_compile
from troth.engine.rules.fields import NODE, OF_ORDER
from troth.engine.rules.ground import Ground
from troth.engine.rules.masks import applies
from troth.engine.rules.values import is_certain
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.plan import Demand
from troth.model.release_rules import NO_RELEASE_RULES, LeadRule, RecallRule, ReleaseRules, RemorseRule, WaveRule
from troth.model.value import dataclass

LEAD_HOURS: Final = 24.0
"""How long before it has to be begun work that is not wanted yet is handed over, where no rule says so."""

ANY_NODE: Final = RecallRule("built in")
"""How a node is asked to give work back where no rule names it."""


class _OfOrder(Protocol):
    @property
    def when(self) -> str: ...


R = TypeVar("R", bound=_OfOrder)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRelease:
    """The rules in force, under the label by which decisions name them, with their expressions as code by text."""

    label: str
    rules: ReleaseRules
    whens: dict[str, Compiled]
    wheres: dict[str, Compiled]

    @property
    def has_times(self) -> bool:
        """Whether anything is released later than the remorse period ends because of a rule."""
        return bool(self.rules.lead or self.rules.waves)

    @property
    def asks_orders(self) -> bool:
        """Whether a rule about the time of a release looks at the order."""
        return any(rule.when for rule in self.rules.lead) or any(rule.when for rule in self.rules.waves)

    def remorse_of(self, ground: Ground) -> RemorseRule | None:
        """The rule about the remorse period that speaks of an order."""
        return self._first(self.rules.remorse, ground)

    def lead_of(self, ground: Ground) -> LeadRule | None:
        """The rule about the lead time that speaks of an order."""
        return self._first(self.rules.lead, ground)

    def wave_of(self, ground: Ground, node: NodeId) -> WaveRule | None:
        """The rule by whose waves a node gets an order."""
        position = ground.network.index.get(node)
        if position is None:
            return None
        here = (rule for rule in self.rules.waves if self._names(rule.where, ground, position))
        return self._first(here, ground)

    def recall_of(self, ground: Ground, node: NodeId) -> RecallRule:
        """How a node is asked to give work back."""
        position = ground.network.index.get(node)
        for rule in self.rules.recalls if position is not None else ():
            if self._names(rule.where, ground, position or 0):
                return rule
        return ANY_NODE

    def nodes_of(self, rule: WaveRule, network: Network, *, currency: str, now: datetime) -> Sequence[NodeId]:
        """The nodes that a rule of waves names."""
        ground = Ground(Demand((), None, Method.SHIP), {}, network, currency=currency, now=now)
        named = (at for at in range(len(network.nodes)) if self._names(rule.where, ground, at))
        return [network.nodes[at].node for at in named]

    def _first(self, rules: Iterable[R], ground: Ground) -> R | None:
        return next((rule for rule in rules if not rule.when or applies(self.whens[rule.when], ground)), None)

    def _names(self, where: str, ground: Ground, position: int) -> bool:
        if not where:
            return True
        code = self.wheres[where].code
        return code is not None and holds_at(is_certain(code.run(ground)), position)


def compile_release(rules: ReleaseRules, label: str) -> CompiledRelease:
    """The rules with every expression compiled. One that cannot be used, which `check` forbids, names nothing."""
    whens = {rule.when for rule in rules.remorse} | {rule.when for rule in rules.lead}
    whens |= {rule.when for rule in rules.waves}
    wheres = {rule.where for rule in rules.waves} | {rule.where for rule in rules.recalls}
    return CompiledRelease(
        label,
        rules,
        {text: try_compile(text, reads=OF_ORDER) for text in sorted(whens) if text},
        {text: try_compile(text, reads=NODE) for text in sorted(wheres) if text},
    )


BUILT_IN: Final = compile_release(NO_RELEASE_RULES, "")


def rule_named(release: CompiledRelease, name: str) -> WaveRule | None:
    """The rule of waves of this name; None where it is in force no longer."""
    return next((rule for rule in release.rules.waves if rule.name == name), None)
