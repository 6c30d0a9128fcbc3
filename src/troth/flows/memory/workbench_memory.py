"""What a process remembers of exceptions, so that a list need not read and add up again what has not changed.

It is never asked whether something is open: that is read each time. What is remembered of one counts only while its
order has the same version and its row says the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from troth.engine.exceptions.risk import money_of
from troth.model.exceptions import ConcernedUnits, OpenException
from troth.model.ids import Sku
from troth.model.item import Item

_KEPT_MAX: Final = 50_000


@dataclass(slots=True)
class WorkbenchMemory:
    """Exceptions as they were completed from their candidates, and what the customer owes for them with the margin
    (both minor units), by id.
    """

    completed: dict[str, tuple[OpenException, OpenException]] = field(default_factory=dict)
    _money: dict[str, tuple[tuple[ConcernedUnits, ...], int, int, int]] = field(default_factory=dict)

    def money(self, found: OpenException, items: Mapping[Sku, Item], forgotten: int) -> tuple[int, int]:
        """What is owed and the margin; `forgotten` is how often the items were forgotten, which may cost other than
        they did since.
        """
        name = found.exception_id
        known = self._money.get(name)
        if known is not None and known[0] is found.lines and known[1] == forgotten:
            return known[2], known[3]
        owed, margin = money_of(found, items)
        self._money[name] = (found.lines, forgotten, owed, margin)
        return owed, margin

    def tidy(self) -> None:
        """Forget everything where it is too much."""
        if len(self.completed) > _KEPT_MAX or len(self._money) > _KEPT_MAX:
            self.completed.clear()
            self._money.clear()
