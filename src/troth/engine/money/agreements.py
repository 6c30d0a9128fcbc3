"""What customers have agreed on, held against what a command asks for and would cause: call-offs, and credit."""

from troth.engine.money.call_offs import refuse_call_off
from troth.engine.money.credit import with_credit
from troth.engine.promising.context import Decision, Facts, State
from troth.model.commands import CaptureOrder, Command
from troth.model.refusals import Refusal


def refuse_new_call_off(command: Command, state: State, facts: Facts) -> Refusal | None:
    """Why a new order takes more than was agreed on, before anything is promised; None where it does not."""
    if not isinstance(command, CaptureOrder) or command.order_id in state.orders:
        return None
    return refuse_call_off(None, command, state, facts)


def within_agreements(decision: Decision, state: State, facts: Facts) -> Decision | Refusal:
    """The decision with the holds for want of credit that follow from it; or why it takes more than was agreed on."""
    for change in decision.changes:
        if change.before is not None:
            no = refuse_call_off(change.before, change.after, state, facts)
            if no is not None:
                return no
    return with_credit(decision, state, facts)
