"""A command that could settle an exception, before it is known whether it can."""

from typing import Final

from troth.model.commands import OrderCommand
from troth.model.fix import FixKind
from troth.model.return_moves import ReturnCommand
from troth.model.value import dataclass

REASON: Final = "fixed at the workbench"
"""Why, in the log, where whoever applies a fix says nothing else."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A command that could settle an exception, and with what."""

    kind: FixKind
    command: OrderCommand | ReturnCommand
    detail: str = ""
