"""What nodes may be asked to give back of orders in their random lives, and what they answer."""

import random
from collections.abc import Callable

from troth.model.change import SetQuantity
from troth.model.commands import AcceptRecall, CancelOrder, ChangeOrder, Command, LineQuantity, RecallWork, RefuseRecall
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import RecallState
from troth.model.order import Line, Order
from troth.model.recall import RecallKind


def recall_commands(
    draw: random.Random, order: Order, work: FulfillmentId, line: Line
) -> list[tuple[int, Callable[[], Command]]]:
    """What may be asked of a node for an order, or answered by it, each with a weight."""
    some = (LineQuantity(line.line_id, draw.randint(1, line.quantity)),)
    fewer = (SetQuantity(line.line_id, draw.randint(1, line.quantity)),)
    made: list[tuple[int, Callable[[], Command]]] = [
        (5, lambda: RecallWork(work, draw.choice((RecallKind.CANCEL, RecallKind.RESOURCE)), "asked", some)),
        (3, lambda: RecallWork(work, RecallKind.CHANGE, "asked", actions=fewer)),
        (2, lambda: CancelOrder(order.order_id, "asked", some, may_recall=True)),
        (2, lambda: ChangeOrder(order.order_id, fewer, "asked", may_recall=True)),
    ]
    asked = [one for one in order.recalls if one.state is RecallState.REQUESTED]
    if asked:
        name = draw.choice(asked).fulfillment_id
        made += [
            (9, lambda: AcceptRecall(name, "", draw.choice(((), some)))),
            (7, lambda: RefuseRecall(name, "it is on the truck")),
        ]
    return made
