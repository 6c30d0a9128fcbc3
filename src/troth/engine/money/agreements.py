"""What customers have agreed on, held against what a command asks for and would cause: call-offs, and credit."""

from collections.abc import Sequence
from dataclasses import replace

from troth.engine.money.call_offs import refuse_call_off
from troth.engine.money.credit import with_credit
from troth.engine.promising.context import Decision, Facts, State
from troth.model.capture_order import CaptureOrder
from troth.model.change import AddLine, ChangeAction, SetAddress, SetPrice, Substitute
from troth.model.commands import ChangeOrder, Command
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, Refusal


def refuse_new_call_off(command: Command, state: State, facts: Facts) -> Refusal | None:
    """Why a new order takes more than was agreed on, before anything is promised; None where it does not."""
    if not isinstance(command, CaptureOrder) or command.order_id in state.orders:
        return None
    return refuse_call_off(None, command, state, facts)


def within_agreements(decision: Decision, command: Command, state: State, facts: Facts) -> Decision | Refusal:
    """The decision with the holds for want of credit that follow from it; or why it takes more than was agreed on."""
    for change in decision.changes:
        if change.before is not None:
            no = refuse_call_off(change.before, change.after, state, facts)
            if isinstance(no, Invalid) and isinstance(command, ChangeOrder):
                return Invalid(tuple(_of_actions(flaw, command.actions, change.after) for flaw in no.flaws))
            if no is not None:
                return no
    return with_credit(decision, state, facts)


def _of_actions(flaw: FieldFlaw, actions: Sequence[ChangeAction], after: Order) -> FieldFlaw:
    """A flaw of the changed order where it stands in the change that was sent: at the last action that says it."""
    _, what, *rest = flaw.pointer.split("/")
    line_id = after.lines[int(rest[0])].line_id if what == "lines" else None
    name = rest[-1] if rest else what
    for at, action in reversed(list(enumerate(actions))):
        match action:
            case AddLine() if action.line.line_id == line_id:
                return replace(flaw, pointer=f"/actions/{at}/line/{name}")
            case SetAddress() if action.line_id == line_id and name == "ship_to":
                return replace(flaw, pointer=f"/actions/{at}/ship_to")
            case SetPrice() | Substitute() if action.line_id == line_id and name in ("sku", "unit_price"):
                return replace(flaw, pointer=f"/actions/{at}/{name}")
            case _:
                continue
    of_line = [at for at, action in enumerate(actions) if line_id and getattr(action, "line_id", None) == line_id]
    return replace(flaw, pointer=f"/actions/{of_line[-1]}") if of_line else flaw
