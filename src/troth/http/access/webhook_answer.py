"""Subscriptions and deliveries in the words of HTTP: what clients send, what they are answered, and the examples of
both.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Field

from troth.flows.log.subscribe import BATCH_MAX, Subscribed
from troth.http.edge.body import Id, Instant, Strict, Text
from troth.http.edge.pages import PageQuery
from troth.store.deliveries import Delivery
from troth.store.events import Position
from troth.store.subscriptions import Subscription, position_text

Url = Annotated[str, Field(min_length=1, max_length=2000, description="http or https; it gets a POST for each event.")]
Kinds = Annotated[
    tuple[Annotated[str, Field(max_length=100)], ...],
    Field(max_length=100, description="Kinds of events; none: all but ConfigurationSet, which has to be named."),
]


BatchMax = Annotated[
    int,
    Field(ge=1, le=BATCH_MAX, description="Above 1: a message holds up to so many events, as a list in `data`."),
]


class SubscribeBody(Strict):
    """A new subscription."""

    url: Url
    kinds: Kinds = ()
    name: Annotated[Text, Field(description="For people.")] = ""
    batch_max: BatchMax = 1
    start: Annotated[
        Literal["now", "beginning"], Field(description="From now on, or with the first event of the log.")
    ] = "now"
    node: Annotated[
        Id | None, Field(description="It gets what this node is told of its work, and what it takes is acknowledged.")
    ] = None


class ChangeBody(Strict):
    """What is to change; what is left out stays."""

    url: Url | None = None
    kinds: Kinds | None = None
    name: Text | None = None
    batch_max: BatchMax | None = None


class ReplayBody(Strict):
    """From where the log is read again: after a position, or from a time on; else from the beginning."""

    after: Annotated[str, Field(max_length=40, description="The position of an event, as it was delivered.")] | None = (
        None
    )
    since: Instant | None = None


class WebhookAnswer(msgspec.Struct, frozen=True):
    """A subscription. `position` is how far the log is read, `sequence` the number of the last event delivered; `node`
    is whose messages it gets, where it is that of a node.
    """

    webhook_id: str
    name: str
    url: str
    kinds: tuple[str, ...]
    batch_max: int
    state: Literal["active", "paused"]
    created_at: datetime
    position: str
    sequence: int
    failures: int
    next_attempt_at: datetime
    last_error: str
    node: str | None


class NewWebhookAnswer(WebhookAnswer, frozen=True):
    """A new subscription, with the secret that verifies its signatures; it is not shown again."""

    secret: str


class DeliveryAnswer(msgspec.Struct, frozen=True):
    """An event as it was last sent; without `status` nothing came back. `is_resending`: a worker will send it again."""

    delivery_id: str
    sequence: int
    type: str
    subject: str
    attempts: int
    attempted_at: datetime
    is_delivered: bool
    status: int | None
    answer: str
    is_resending: bool


class DeliveriesQuery(PageQuery):
    """Which deliveries."""

    is_delivered: bool | None = None


def answer_subscription(one: Subscription) -> WebhookAnswer:
    """A subscription as it is answered."""
    return WebhookAnswer(**_fields(one))


def answer_subscribed(made: Subscribed) -> NewWebhookAnswer:
    """A new subscription as it is answered this once."""
    return NewWebhookAnswer(**_fields(made.subscription), secret=made.secret)


def answer_delivery(one: Delivery) -> DeliveryAnswer:
    """A delivery as it is answered."""
    return DeliveryAnswer(
        delivery_id=position_text(one.position),
        sequence=one.sequence,
        type=one.kind,
        subject=one.subject,
        attempts=one.attempts,
        attempted_at=one.attempted_at,
        is_delivered=one.is_delivered,
        status=one.status,
        answer=one.answer,
        is_resending=one.resend_at is not None,
    )


def _fields(one: Subscription) -> dict[str, Any]:
    return {
        "webhook_id": one.subscription_id,
        "name": one.name,
        "url": one.url,
        "kinds": one.kinds,
        "batch_max": one.batch_max,
        "state": one.state,
        "created_at": one.created_at,
        "position": position_text(one.position),
        "sequence": one.sequence,
        "failures": one.failures,
        "next_attempt_at": one.attempt_at,
        "last_error": one.last_error,
        "node": one.node,
    }


_AT: Final = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
POSITION: Final[Position] = (4711, 42)
WEBHOOK: Final = Subscription(
    "wh_0b1c6a0de5f24c9c9f10", 1, "ERP", "https://erp.example.com/troth", ("OrderCaptured", "FulfillmentShipped"),
    1, "active", _AT, POSITION, 17, "4711-42", 0, _AT, "",
)  # fmt: skip
SUBSCRIBED: Final = Subscribed(WEBHOOK, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")
DELIVERY: Final = Delivery(
    WEBHOOK.subscription_id, POSITION, 17, "OrderCaptured", "O-26SR2YAV7FYG310C5Q3V", 1, _AT, 200, "", True, None
)
