"""What could be done about who does not answer: a node is told once more, or called; who owes a notice is asked."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from troth.model.exceptions import OpenException
from troth.model.fix import Fix, FixKind, PutOff, RemindNode
from troth.model.ids import FulfillmentId
from troth.model.network import Node
from troth.model.order import Order

LOOK_AGAIN: Final = timedelta(hours=4)
"""So long nobody is called where somebody has called whoever does not answer."""


def find_silence_fixes(found: OpenException, order: Order, node: Node | None, now: datetime) -> Iterator[Fix]:
    """What could be done about the silence of a node; nothing where it has no link any more."""
    if node is None or node.link is None:
        return
    remind = RemindNode(FulfillmentId(found.subject))
    yield _fix(FixKind.REMIND, remind, f"{node.node} has its time anew", order)
    if node.link.contact:
        detail = f"{node.link.contact}; look again in {LOOK_AGAIN.seconds // 3600} hours"
        yield _fix(FixKind.CHASE, PutOff(order.order_id, now + LOOK_AGAIN), detail, order)


def find_notice_fixes(found: OpenException, order: Order, now: datetime) -> Iterator[Fix]:
    """What could be done about a ship notice that is missing: whoever sends it is asked for it."""
    hours = LOOK_AGAIN.seconds // 3600
    detail = f"that of {found.subject.rpartition('-')[2]}, which left {found.node}; look again in {hours} hours"
    yield _fix(FixKind.CHASE, PutOff(order.order_id, now + LOOK_AGAIN), detail, order)


def _fix(kind: FixKind, command: RemindNode | PutOff, detail: str, order: Order) -> Fix:
    name = blake2b(f"{kind}|{detail}".encode(), digest_size=5).hexdigest()
    return Fix(kind, f"{kind}-{name}", order.order_id, command, detail, version=order.version)
