"""The transition tables, published: what may become of what."""

import msgspec

from troth.http.edge.body import NoQuery
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.replies import Reply, json_reply
from troth.model.change import CHANGEABLE
from troth.model.kept_actions import MAY_ASK
from troth.model.lifecycle import (
    ALLOCATION,
    ALLOCATION_STARTS,
    DISPOSITION,
    DISPOSITION_STARTS,
    ENDED,
    GONE,
    HOLD,
    HOLD_STARTS,
    PAYMENT_STEP,
    PAYMENT_STEP_STARTS,
    RECALL,
    RECALL_STARTS,
    RECEPTION,
    RECEPTION_STARTS,
    TRANSFER,
    TRANSFER_STARTS,
    WAVE,
    WAVE_STARTS,
)
from troth.model.permissions import MAY, NEEDS_REASON
from troth.model.status import OrderStatus


class Transition(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """In state `from`, `event` leads to `to`."""

    from_: str
    event: str
    to: str


class Lifecycle(msgspec.Struct, frozen=True):
    """A machine: where it may begin, what may happen, and what each state means for the whole."""

    subject: str
    starts: tuple[str, ...]
    transitions: tuple[Transition, ...]


class Lifecycles(msgspec.Struct, frozen=True):
    """All machines. An order's status follows from its parts: in `ended` it no longer counts, in `gone` it has left.

    `changes` says for each action of a change in which states the parts must be of the lines that it is about.
    `may` says the same of whatever an operator, or a customer, may do, and what is not there they may not, and
    `by_recall` in which states what may be done if their node gives them back;
    `needs_reason` in which states parts are canceled only with a reason.
    """

    allocation: Lifecycle
    hold: Lifecycle
    transfer: Lifecycle
    payment_step: Lifecycle
    reception: Lifecycle
    disposition: Lifecycle
    wave: Lifecycle
    recall: Lifecycle
    order_statuses: tuple[str, ...]
    ended: tuple[str, ...]
    gone: tuple[str, ...]
    changes: dict[str, tuple[str, ...]]
    may: dict[str, dict[str, tuple[str, ...]]]
    needs_reason: dict[str, tuple[str, ...]]
    by_recall: dict[str, dict[str, tuple[str, ...]]]


PUBLISHED = Lifecycles(
    allocation=Lifecycle(
        "allocation: a part of an order line at one source of supply",
        tuple(ALLOCATION_STARTS),
        tuple(Transition(state, event, to) for (state, event), to in ALLOCATION.items()),
    ),
    hold=Lifecycle(
        "hold", tuple(HOLD_STARTS), tuple(Transition(state, event, to) for (state, event), to in HOLD.items())
    ),
    transfer=Lifecycle(
        "transfer: units of one line",
        tuple(TRANSFER_STARTS),
        tuple(Transition(state, event, to) for (state, event), to in TRANSFER.items()),
    ),
    payment_step=Lifecycle(
        "payment step: one effect that a gateway is asked for",
        tuple(PAYMENT_STEP_STARTS),
        tuple(Transition(state, event, to) for (state, event), to in PAYMENT_STEP.items()),
    ),
    reception=Lifecycle(
        "reception: a return on its way back",
        tuple(RECEPTION_STARTS),
        tuple(Transition(state, event, to) for (state, event), to in RECEPTION.items()),
    ),
    disposition=Lifecycle(
        "disposition: units that came back",
        tuple(DISPOSITION_STARTS),
        tuple(Transition(state, event, to) for (state, event), to in DISPOSITION.items()),
    ),
    wave=Lifecycle(
        "wave", tuple(WAVE_STARTS), tuple(Transition(state, event, to) for (state, event), to in WAVE.items())
    ),
    recall=Lifecycle(
        "recall", tuple(RECALL_STARTS), tuple(Transition(state, event, to) for (state, event), to in RECALL.items())
    ),
    order_statuses=tuple(OrderStatus),
    ended=tuple(sorted(ENDED)),
    gone=tuple(sorted(GONE)),
    changes={action.value: tuple(sorted(allowed)) for action, allowed in CHANGEABLE.items()},
    may={by.value: {deed: tuple(sorted(states)) for deed, states in deeds.items()} for by, deeds in MAY.items()},
    needs_reason={by.value: tuple(sorted(states)) for by, states in NEEDS_REASON.items()},
    by_recall={
        by.value: {deed: tuple(sorted(states)) for deed, states in deeds.items()} for by, deeds in MAY_ASK.items()
    },
)


async def read_lifecycles(call: Plain) -> Reply:
    """The tables."""
    return json_reply(PUBLISHED)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/lifecycles",
        name="read_lifecycles",
        summary="What may become of the parts of an order, of holds, waves, recalls, returns and units of transfers",
        tag="orders",
        run=read_lifecycles,
        shown=(Shown(200, "The transition tables", Lifecycles, PUBLISHED),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
    ),
)
