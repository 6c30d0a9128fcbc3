"""What carries notifications to customers, and what is handed to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeAlias

from troth.model.choice import ChoiceKind, ChoiceLine
from troth.model.ids import NodeId, OrderId
from troth.model.notification import Medium
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a notification lets its customer choose, under a link that only they have."""

    number: int
    kind: ChoiceKind
    text: str
    url: str
    lines: tuple[ChoiceLine, ...] = ()
    node: NodeId | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a customer is told, whole: everything that any medium needs of it, and nothing that changes any more.

    `message_id` is the same whenever it is sent again. `sender` is who it comes from where the letterhead says it.
    """

    notification_id: str
    message_id: str
    order_id: OrderId
    external_id: str
    kind: str
    medium: Medium
    to: str
    language: str
    shop: str
    sender: str
    reply_to: str
    subject: str
    text: str
    html: str
    sms: str
    at: datetime
    choices: tuple[Offer, ...] = ()
    choose_until: datetime | None = None
    order_url: str = ""
    opt_out_url: str = ""


def without_links(letter: Letter) -> Letter:
    """The same letter for whoever else looks at it: its links are only its customer's."""
    text, html, sms = letter.text, letter.html, letter.sms
    for url in (*(one.url for one in letter.choices), letter.opt_out_url, letter.order_url):
        if url:
            text, html, sms = (part.replace(url, "#") for part in (text, html, sms))
    choices = tuple(replace(one, url="") for one in letter.choices)
    return replace(letter, text=text, html=html, sms=sms, choices=choices, order_url="", opt_out_url="")


@dataclass(frozen=True, slots=True)
class Taken:
    """It is carried to the customer now; `reference` is what the carrier calls it."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """It never will be: nobody lives there, or it is not wanted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """It certainly was not taken, and may be later; not before so many seconds, where that was said."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Whether it was taken is not known; under its message id it may be sent again."""

    reason: str


Receipt: TypeAlias = Taken | Refused | Deferred | Doubtful


class Sender(Protocol):
    """Carries letters by one medium. No failure of the other side is an exception."""

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        """What became of each letter."""
        ...


Senders: TypeAlias = Mapping[Medium, Sender]
