"""The example of the documentation: a return of the example's order, shown by the same code as real ones."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from troth.engine.returns.routing import NodeWorth
from troth.flows.orders.returns import ReturnQuote
from troth.http.orders import examples
from troth.http.returns.return_answer import answer_quote, answer_return
from troth.model.ids import LineId, NodeId, Sku, return_id
from troth.model.lifecycle import DispositionState, ReceptionState
from troth.model.order import Order
from troth.model.returns import (
    Credit,
    CreditKind,
    ReceivedUnits,
    RefundTiming,
    Return,
    ReturnKind,
    ReturnLine,
    ReturnMethod,
)

RETURN_ID: Final = return_id(examples.ORDER_ID, 1)
_AT: Final = examples.AT + timedelta(days=9)
_LINE: Final = ReturnLine(LineId("1"), Sku("A-1001"), 1, "too_small", RefundTiming.RECEIVED)
OPENED: Final = Return(
    RETURN_ID,
    ReturnKind.RETURN,
    ReturnMethod.IN_STORE,
    ReceptionState.ANNOUNCED,
    NodeId("ST-NYC"),
    (_LINE,),
    _AT,
    "key/desk",
    _AT + timedelta(days=30),
    "built-in",
)
_CREDIT: Final = Credit(
    CreditKind.UNITS, 1990, _AT, "key/desk", LineId("1"), Sku("A-1001"), 1, reason="too_small", number=1
)
RECEIVED: Final = replace(
    OPENED,
    state=ReceptionState.RECEIVED,
    received=(
        ReceivedUnits(
            1,
            LineId("1"),
            Sku("A-1001"),
            1,
            NodeId("ST-NYC"),
            _AT,
            "A",
            DispositionState.RESTOCKED,
            credited=1,
        ),
    ),
    credits=(_CREDIT,),
)
ORDER: Final[Order] = replace(examples.ORDER, version=9, returns=(OPENED,))
OPENED_ANSWER: Final = answer_return(ORDER, OPENED)
RECEIVED_ANSWER: Final = answer_return(replace(ORDER, version=11, returns=(RECEIVED,)), RECEIVED)
_WORTH: Final = NodeWorth(NodeId("ST-NYC"), 1790, 1990, 0, 0, 150, 30, 20, 1.4)
QUOTE_ANSWER: Final = answer_quote(ReturnQuote(ORDER, OPENED, (_CREDIT,), (_WORTH,), (_WORTH,)), examples.CURRENCY)
RETURN_PATH: Final = (("return_id", RETURN_ID),)
