"""Work rules made ready to be applied: which of them speaks of the work of a node for an order."""

from typing import Final

from troth.engine.exposure.item_rules import holds_at
from troth.engine.rules.compiled import Compiled, try_compile
from troth.engine.rules.fields import NODE, OF_ORDER
from troth.engine.rules.ground import Ground
from troth.engine.rules.masks import applies
from troth.engine.rules.values import is_certain
from troth.model.ids import NodeId
from troth.model.network import NodeType
from troth.model.value import dataclass
from troth.model.work_rules import BUILT_IN_LATE, BUILT_IN_PICKUP, NO_WORK_RULES, LateRule, PickupRule, WorkRules


@dataclass(frozen=True, slots=True, eq=False)
class CompiledWork:
    """The rules in force, under the label by which they are named, with their expressions as code by text."""

    label: str
    rules: WorkRules
    whens: dict[str, Compiled]
    wheres: dict[str, Compiled]

    def pickup_of(self, ground: Ground, node: NodeId) -> PickupRule:
        """How goods of an order wait for their customer at a node."""
        for rule in self.rules.pickups:
            if self._speaks(rule.where, rule.when, ground, node):
                return rule
        return BUILT_IN_PICKUP

    def late_of(self, ground: Ground, node: NodeId) -> LateRule | None:
        """What is done about tasks of an order that nobody begins at a node; None: nothing is."""
        for rule in self.rules.late:
            if self._speaks(rule.where, rule.when, ground, node):
                return rule
        position = ground.network.index.get(node)
        is_store = position is not None and ground.network.nodes[position].type is NodeType.STORE
        return BUILT_IN_LATE if is_store else None

    def _speaks(self, where: str, when: str, ground: Ground, node: NodeId) -> bool:
        position = ground.network.index.get(node)
        if where:
            code = self.wheres[where].code
            if position is None or code is None or not holds_at(is_certain(code.run(ground)), position):
                return False
        return not when or applies(self.whens[when], ground)


def compile_work(rules: WorkRules, label: str) -> CompiledWork:
    """The rules with every expression compiled. One that cannot be used, which `check` forbids, names nothing."""
    every: tuple[PickupRule | LateRule, ...] = (*rules.pickups, *rules.late)
    whens = {rule.when for rule in every if rule.when}
    wheres = {rule.where for rule in every if rule.where}
    return CompiledWork(
        label,
        rules,
        {text: try_compile(text, reads=OF_ORDER) for text in sorted(whens)},
        {text: try_compile(text, reads=NODE) for text in sorted(wheres)},
    )


BUILT_IN_WORK: Final = compile_work(NO_WORK_RULES, "")
