"""Deciding what is asked of returns: which verb answers which command."""

from typing import assert_never

from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.disposing import decide_dispose
from troth.engine.returns.ending import decide_cancel_return, decide_close, decide_expire, decide_send
from troth.engine.returns.exchange import decide_use
from troth.engine.returns.opening import decide_open
from troth.engine.returns.receiving import decide_receive
from troth.engine.returns.refunding import decide_refund
from troth.model.refusals import Refusal
from troth.model.return_moves import (
    CancelReturn,
    CloseReturn,
    DisposeReturn,
    ExpireReturn,
    OpenReturn,
    ReceiveReturn,
    RefundReturn,
    ReturnCommand,
    SendReturn,
    UseExchange,
)


def decide_return(command: ReturnCommand, state: State, facts: Facts) -> Decision | Refusal:
    """What a command about a return causes, or why it is refused."""
    match command:
        case OpenReturn():
            return decide_open(command, state, facts)
        case SendReturn():
            return decide_send(command, state, facts)
        case ReceiveReturn():
            return decide_receive(command, state, facts)
        case DisposeReturn():
            return decide_dispose(command, state, facts)
        case RefundReturn():
            return decide_refund(command, state, facts)
        case CloseReturn():
            return decide_close(command, state, facts)
        case CancelReturn():
            return decide_cancel_return(command, state, facts)
        case ExpireReturn():
            return decide_expire(command, state, facts)
        case UseExchange():
            return decide_use(command, state, facts)
        case _:
            assert_never(command)
