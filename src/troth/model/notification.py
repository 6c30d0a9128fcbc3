"""Notifications: what customers are told without having asked, through which medium, and what became of it."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from troth.model.ids import OrderId
from troth.model.value import dataclass


class Medium(StrEnum):
    """By what a customer is told: a mail, a text message, or a system of the retailer's that tells them itself."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


class NotificationState(StrEnum):
    """How a notification stands: it waits for its time (and takes in what else happens until then), is being sent (who
    died meanwhile has perhaps sent it), was not taken and is sent again later, was taken, was refused for good, came
    back, or is not sent, for a reason.
    """

    WAITING = "waiting"
    SENDING = "sending"
    RETRYING = "retrying"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    DROPPED = "dropped"


ENDED: Final = frozenset({NotificationState.SENT, NotificationState.FAILED, NotificationState.BOUNCED,
                          NotificationState.DROPPED})  # fmt: skip
"""Of these nothing more is sent by itself."""


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """A kind of notification, and when it is told. One that is not `is_needed` customers may opt out of."""

    name: str
    doc: str
    is_needed: bool = True


_CATALOG: Final = (
    NotificationKind("order_confirmed", "an order was captured: what was promised, as it was shown"),
    NotificationKind("promise_changed", "lines are promised for another time, or no longer; with choices"),
    NotificationKind("delay_predicted", "the promise will probably be missed, and is not yet"),
    NotificationKind("shipped", "parcels left their node"),
    NotificationKind("out_for_delivery", "the carrier is on its way to the customer", is_needed=False),
    NotificationKind("delivered", "parcels arrived", is_needed=False),
    NotificationKind("ready_for_pickup", "goods wait for the customer"),
    NotificationKind("pickup_reminder", "goods still wait for the customer", is_needed=False),
    NotificationKind("pickup_expired", "goods waited too long, and are given back"),
    NotificationKind("canceled", "the whole order was canceled"),
    NotificationKind("canceled_in_part", "units of lines were canceled"),
    NotificationKind("refunded", "money was given back"),
    NotificationKind("return_received", "returned goods came back"),
    NotificationKind("return_credited", "a return was credited"),
    NotificationKind("claim_credited", "what did not reach the customer as it should was credited"),
    NotificationKind("replacement_confirmed", "an order was captured that replaces what came back, or never came"),
    NotificationKind("recall_outcome", "what became of a request that a node had to agree to"),
)

KINDS: Final[Mapping[str, NotificationKind]] = {kind.name: kind for kind in _CATALOG}


@dataclass(frozen=True, slots=True)
class Origin:
    """From where customers are written to, as the settings say: a name, an address, and where our pages are."""

    shop: str = "Our shop"
    sender: str = ""
    public_url: str = "http://127.0.0.1:8080"


NO_ORIGIN: Final = Origin()


def derive_notification_id(order_id: OrderId, *, rule: str, medium: Medium, cause: str) -> str:
    """The one id of what a rule makes of something that happened (`cause` is its position in the log), by a medium.

    It names its order, so that it can be found without a search.

    >>> derive_notification_id(OrderId("O-1"), rule="shipped", medium=Medium.EMAIL, cause="735-12")
    'O-1-N14f568bbdc5c00ff'
    """
    digest = blake2b(f"{order_id}\0{rule}\0{medium}\0{cause}".encode(), digest_size=8)
    return f"{order_id}-N{digest.hexdigest()}"


def order_of_notification(notification_id: str) -> OrderId:
    """The order that a notification is about.

    >>> order_of_notification("O-1-N14f568bbdc5c00ff")
    'O-1'
    """
    return OrderId(notification_id.rpartition("-N")[0])
