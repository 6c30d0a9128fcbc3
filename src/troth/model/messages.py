"""What customers are told about a promise and about stock: the messages there are, and documents of their texts."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

from troth.model.notification import KINDS
from troth.model.value import dataclass

LANGUAGE_ATTRIBUTE: Final = "language"
"""The attribute of an order in which its language is kept, so that rules can ask about it too."""

ENGLISH: Final = "en"
"""The language of what has no text in the language that was asked for."""


@dataclass(frozen=True, slots=True)
class MessageState:
    """A message: when it is told, the placeholders that its text may have, and the one whose number its plural follows
    (empty: it has none). `essential` is the one without which the customer is not told when, or how many.
    """

    name: str
    doc: str
    placeholders: tuple[str, ...] = ()
    counted: str = ""
    essential: str = ""


_WAY: Final = ("place", "day", "arrival")
_HAND_OVER: Final = ("place", "day", "time")

_CATALOG: Final = (
    MessageState("today", "the day of today"),
    MessageState("tomorrow", "the day of tomorrow"),
    MessageState("yesterday", "the day of yesterday"),
    MessageState("day", "any other day", ("weekday", "date"), essential="date"),
    MessageState("on_its_way", "where units come from: a transfer"),
    MessageState("from_supplier", "where units come from: a purchase order"),
    MessageState("on_backorder", "where units come from: several of these, or anything else"),
    MessageState("in_stock", "more units than are low stock", ("units",)),
    MessageState("in_store", "the same at a node that hands over to customers", ("place", "units")),
    MessageState("low_stock", "few units", ("units",), "units", "units"),
    MessageState("elsewhere", "nothing at this node, but elsewhere", ("place",)),
    MessageState("expected", "nothing now, but something is to come", ("supply", "day"), essential="day"),
    MessageState("not_available", "nothing, and nothing is to come"),
    MessageState("not_this_way", "there is some, but it cannot be had as it is asked for"),
    MessageState("pickup_now", "it waits for the customer", ("place",)),
    MessageState("pickup_today", "to be picked up today", _HAND_OVER),
    MessageState("pickup_later", "to be picked up another day", _HAND_OVER, essential="day"),
    MessageState("pickup_sent", "to be picked up where another node sends it", ("from", *_HAND_OVER), essential="day"),
    MessageState("pickup_awaited", "to be picked up once it has come", ("supply", *_HAND_OVER), essential="day"),
    MessageState("pickup_until", "after it: till when the place is open then", ("time",), essential="time"),
    MessageState("pickup_opens", "after it, where the place is closed: its opening", ("day", "time"), essential="day"),
    MessageState("ships", "sent from a distribution center or a 3PL", _WAY, essential="arrival"),
    MessageState("ships_from_store", "sent from a store", _WAY, essential="arrival"),
    MessageState("ships_from_vendor", "sent by a vendor or a supplier", _WAY, essential="arrival"),
    MessageState("ships_awaited", "sent once it has come", ("supply", *_WAY), essential="arrival"),
    MessageState("shipped", "on its way to the customer", _WAY, essential="arrival"),
    MessageState("delivered", "with the customer", ("day",)),
    MessageState("collected", "picked up by the customer", ("place", "day")),
    MessageState("shipments", "before several of these", ("shipments",), "shipments"),
    MessageState("shipment_of", "before each of several: what is in it", ("lines",), essential="lines"),
    MessageState("more_items", "in it, after the first: how many further items", ("units",), "units", "units"),
    MessageState("canceled", "an order that was canceled"),
    MessageState("short", "units of an order that lie at no supply", ("units",), "units"),
    MessageState("waiting", "units of an order that wait for stock", ("units",), "units"),
    MessageState("waiting_ends", "after it: the day on which they are canceled", ("day",), essential="day"),
    MessageState("held", "an order that is on hold"),
    MessageState("if_let_go", "after it: before what is promised if the hold is lifted in time"),
    MessageState("hold_back_asked", "before what is promised: a node was asked to give goods back", _HAND_OVER),
    MessageState("hold_back_refused", "before it: the node could not, so that nothing changes", ("place",)),
    MessageState("hold_back_partly", "before it: not all of it could be given back, or done", ("place",)),
    MessageState("late", "after what is promised: when a line is needed that comes later", ("day",), essential="day"),
)

_TOLD: Final = ("name", "order", "shop")
_OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "order_confirmed": ("promise",),
    "promise_changed": ("moves", "promise"),
    "delay_predicted": ("day", "promise"),
    "shipped": ("lines", "carrier", "tracking", "promise"),
    "out_for_delivery": ("lines",),
    "delivered": ("lines",),
    "ready_for_pickup": ("lines", "promise", "code", "kept"),
    "pickup_reminder": ("lines", "promise", "code", "kept"),
    "pickup_expired": ("lines",),
    "canceled": (),
    "canceled_in_part": ("lines", "promise"),
    "refunded": ("amount",),
    "return_received": ("lines",),
    "return_credited": ("amount",),
    "claim_credited": ("amount",),
    "replacement_confirmed": ("promise",),
    "recall_outcome": ("outcome", "promise"),
}
"""What each kind of notification can say beside who is told of which order by which shop."""

_ESSENTIAL: Final = frozenset({"promise", "moves", "day", "amount", "outcome"})


def _of_notifications() -> Iterator[MessageState]:
    """A subject, a body and a text message for each kind of notification."""
    for kind, own in _OF_KIND.items():
        has = (*_TOLD, *own)
        needed = next((name for name in own if name in _ESSENTIAL), "")
        doc = KINDS[kind].doc
        yield MessageState(f"{kind}_subject", f"mail, its subject: {doc}", has)
        yield MessageState(f"{kind}_body", f"mail, its text: {doc}", has, essential=needed)
        yield MessageState(f"{kind}_sms", f"text message: {doc}", (*has, "link"), essential=needed)


_SHARED: Final = (
    MessageState("hello", "how a mail begins", ("name",)),
    MessageState("hello_nameless", "the same where no name is known"),
    MessageState("line", "units of an item", ("quantity", "item"), essential="item"),
    MessageState("moved", "in `moves`: a line is promised for another day", ("line", "before", "day"), essential="day"),
    MessageState("found", "in `moves`: a line is promised that was not", ("line", "day"), essential="day"),
    MessageState("lost", "in `moves`: a line is promised no longer", ("line",), essential="line"),
    MessageState("kept_until", "`{kept}`: until when goods wait", ("day", "time"), essential="day"),
    MessageState("in_compartment", "before it: where in a locker they lie", ("number",), essential="number"),
    MessageState("asked_done", "`{outcome}`: what was asked for is done"),
    MessageState("asked_refused", "`{outcome}`: it could not be done"),
    MessageState("may_choose", "before what may be chosen"),
    MessageState("choose_keep", "a choice: the new day is fine", ("day",), essential="day"),
    MessageState("choose_wait", "a choice: to wait, where no day is known"),
    MessageState("choose_cancel", "a choice: not to have it any more", ("lines",), essential="lines"),
    MessageState("choose_pickup", "a choice: to pick it up", ("place", "day"), essential="day"),
    MessageState("choose_until", "after the choices: until when", ("day",), essential="day"),
    MessageState("see_order", "the words of the link to the order"),
    MessageState("opt_out", "the words of the link by which nothing of the kind is sent any more"),
    MessageState("confirm_choice", "page of a choice: the words of its button"),
    MessageState("chosen", "page of a choice: it is done", ("order",)),
    MessageState("chosen_before", "page of a choice: something was chosen already", ("order",)),
    MessageState("choice_over", "page of a choice: its time is over", ("order",)),
    MessageState("choice_refused", "page of a choice: it cannot be had any more", ("order",)),
    MessageState("confirm_opt_out", "page: to be sent nothing of the kind any more", ("address",)),
    MessageState("opted_out", "page: nothing of the kind is sent any more", ("address",)),
)

MESSAGES: Final = {state.name: state for state in (*_CATALOG, *_of_notifications(), *_SHARED)}

Text = str | Mapping[str, str]
"""A text with placeholders in braces; or one for each plural category of the language (`one`, `other` …)."""


@dataclass(frozen=True, slots=True)
class MessageTexts:
    """Texts by message in one language (BCP 47), for some channels and brands; none named: for all."""

    language: str
    texts: Mapping[str, Text]
    channels: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LowStock:
    """Up to how many units some channels (none named: all) say how few are left; 0: never.

    An item that says it itself is not asked about. With `leave_units` the level is watched: few are left until there
    are more than so many, what was gone is back from `back_units` on, and each change is an event; `by_node`, of each
    node that hands over to customers, too.
    """

    units: int
    channels: tuple[str, ...] = ()
    leave_units: int | None = None
    back_units: int = 1
    by_node: bool = False


@dataclass(frozen=True, slots=True)
class MessageTemplates:
    """One document of texts; all documents in force count together.

    `language` is spoken where nobody asks for one, `channel_languages` where a channel speaks another.
    """

    description: str = ""
    language: str = ""
    channel_languages: Mapping[str, str] = field(default_factory=dict)
    low_stock: tuple[LowStock, ...] = ()
    texts: tuple[MessageTexts, ...] = ()
