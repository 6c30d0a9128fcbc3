"""An event of each kind about a return, with the sentence that the console tells it in."""

from datetime import timedelta
from typing import Final

from tests.builders import NOW
from troth.model.events import Event
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku
from troth.model.lifecycle import Disposition, ReceptionState
from troth.model.return_moves import (
    DisposedUnits,
    ExchangeEnded,
    ExchangeOpened,
    ExchangeUsed,
    ReturnCanceled,
    ReturnClosed,
    ReturnCredited,
    ReturnDisposed,
    ReturnExpired,
    ReturnOpened,
    ReturnReceived,
    ReturnSent,
)
from troth.model.returns import (
    Credit,
    CreditKind,
    Exchange,
    ReceivedUnits,
    RefundTiming,
    Return,
    ReturnKind,
    ReturnLine,
    ReturnMethod,
)

_RETURN = ReturnId("O-1-R2")
_NODE = NodeId("ST-NYC")
_OPENED = Return(
    _RETURN,
    ReturnKind.RETURN,
    ReturnMethod.MAIL,
    ReceptionState.ANNOUNCED,
    _NODE,
    (ReturnLine(LineId("1"), Sku("A"), 2, "too_small", RefundTiming.RECEIVED),),
    NOW,
    "user/maya",
    NOW + timedelta(days=30),
    "",
)

RETURN_EVENTS: Final[tuple[tuple[Event, str], ...]] = (
    (ReturnOpened(_OPENED), "Return R2 was opened: 2 of A (too small) to ST-NYC by mail."),
    (
        ExchangeOpened(_RETURN, Exchange(OrderId("O-2"), False, 2000, 1800), 200),
        "Return R2: replaced by order O-2, which ships once the goods came back.",
    ),
    (ExchangeEnded(_RETURN, OrderId("O-2"), NOW), "Return R2: its replacement O-2 was canceled."),
    (
        ExchangeUsed(_RETURN, OrderId("O-2"), 500, 1490, "USD", NOW),
        "Return R2: 5.00 USD of its credit pays for replacement O-2; 14.90 in all is due.",
    ),
    (ReturnSent(_RETURN, "UPS", "1Z9", NOW), "Return R2 is on its way by UPS, tracking 1Z9."),
    (
        ReturnReceived(_RETURN, _NODE, (ReceivedUnits(1, LineId("1"), Sku("A"), 2, _NODE, NOW, note="wet"),), NOW),
        "Return R2: 2 of A (wet) came back to ST-NYC.",
    ),
    (
        ReturnDisposed(_RETURN, (DisposedUnits(1, 2, Disposition.RESTOCK, "A"),), NOW),
        "Return R2: 2 received as number 1 are graded A and go to restock.",
    ),
    (
        ReturnCredited(_RETURN, (Credit(CreditKind.UNITS, 1800, NOW, "user/maya"),), 1800, 1800, "USD", NOW),
        "Return R2: 18.00 USD credited; 18.00 in all is due.",
    ),
    (ReturnClosed(_RETURN, "all graded", NOW), "Return R2 is over: all graded."),
    (ReturnCanceled(_RETURN, "kept", NOW), "Return R2 was canceled: kept."),
    (ReturnExpired(_RETURN, NOW), "Return R2 expired: nothing came back in time."),
)
