"""What is asked of a node, and what it answers, as clients send it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from troth.http.edge.body import Strict, Text
from troth.http.orders.change_body import ACTIONS_MAX, ActionBody
from troth.http.orders.order_body import LINES_MAX, UnitsBody, line_quantities
from troth.model.commands import LineQuantity
from troth.model.recall import RecallKind

_Lines = Annotated[tuple[UnitsBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)]


class RecallBody(Strict):
    """What is to be done with what the node gives back, why, and how much of it (all where `lines` are left out).

    The `actions` are those of a change, with kind `change`.
    """

    kind: Annotated[RecallKind, Field(strict=False)] = RecallKind.CANCEL
    reason: Text
    lines: _Lines = ()
    actions: Annotated[tuple[ActionBody, ...], Field(max_length=ACTIONS_MAX, strict=False)] = ()

    def units(self, decimals: Mapping[str, int]) -> tuple[LineQuantity, ...]:
        """The units that are meant of lines with so many decimals."""
        return line_quantities(self.lines, decimals)


class GiveBackBody(Strict):
    """What the node gives back (all that was asked for where `lines` are left out), and what it has to say."""

    reason: Text = ""
    lines: _Lines = ()

    def units(self, decimals: Mapping[str, int]) -> tuple[LineQuantity, ...]:
        """The units that are meant of lines with so many decimals."""
        return line_quantities(self.lines, decimals)


class KeepBody(Strict):
    """Why the node does not give it back."""

    reason: Text
