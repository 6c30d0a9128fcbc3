"""Notifications in the words of HTTP, and examples of them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from troth.flows.telling.media import Letter, Offer, without_links
from troth.http.edge.values import Instant
from troth.model.choice import ChoiceKind, ChoiceLine
from troth.model.ids import LineId, OrderId
from troth.model.notification import Medium, NotificationState
from troth.store.notifications import Notification


class ChoiceOffered(msgspec.Struct, frozen=True):
    """Something that its customer may choose."""

    choice: ChoiceKind
    text: str
    node: str | None
    promised_at: Instant | None


class LetterAnswer(msgspec.Struct, frozen=True):
    """What is sent. Links by which something is chosen are only for its customer, and are not here."""

    kind: str
    medium: Medium
    to: str
    language: str
    shop: str
    subject: str
    text: str
    html: str
    sms: str
    choices: tuple[ChoiceOffered, ...]
    choose_until: Instant | None


class NotificationAnswer(msgspec.Struct, frozen=True):
    """Something that a customer was, will be or could not be told, and why. `due_at` is when it is sent, or sent again
    (null: no more); `rule` is in the document `label` (empty: built in).
    """

    notification_id: str
    order_id: str
    kind: str
    medium: Medium
    state: NotificationState
    rule: str
    label: str
    address: str
    language: str
    message_id: str
    made_at: Instant
    due_at: Instant | None
    attempts: int
    attempted_at: Instant | None
    sent_at: Instant | None
    reason: str
    resend_of: str | None


class NotificationDetail(NotificationAnswer, frozen=True):
    """The same, with what is sent (null: nothing was attempted yet)."""

    letter: LetterAnswer | None


class PreviewedAnswer(msgspec.Struct, frozen=True):
    """What would be sent, or why nothing would be."""

    letter: LetterAnswer | None
    reason: str


def answer_notification(one: Notification) -> NotificationAnswer:
    """A notification as it is listed."""
    return NotificationAnswer(**_fields(one))


def answer_detail(one: Notification) -> NotificationDetail:
    """A notification with its letter."""
    letter = answer_letter(one.read_letter(Letter)) if one.letter else None
    return NotificationDetail(**_fields(one), letter=letter)


def answer_letter(letter: Letter) -> LetterAnswer:
    """A letter, with its links taken out."""
    shown = without_links(letter)
    return LetterAnswer(
        letter.kind,
        letter.medium,
        letter.to,
        letter.language,
        letter.shop,
        letter.subject,
        shown.text,
        shown.html,
        shown.sms,
        tuple(ChoiceOffered(one.kind, one.text, one.node, one.promised_at) for one in letter.choices),
        letter.choose_until,
    )


def _fields(one: Notification) -> dict[str, Any]:
    return {
        "notification_id": one.notification_id,
        "order_id": one.order_id,
        "kind": one.kind,
        "medium": one.medium,
        "state": one.state,
        "rule": one.rule,
        "label": one.label,
        "address": one.address,
        "language": one.language,
        "message_id": one.message_id,
        "made_at": one.made_at,
        "due_at": one.due_at,
        "attempts": one.attempts,
        "attempted_at": one.attempted_at,
        "sent_at": one.sent_at,
        "reason": one.reason,
        "resend_of": one.resend_of or None,
    }


_AT: Final = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
_ORDER: Final = OrderId("O-26SR2YAV7FYG310C5Q3V")
_KEEP: Final = Offer(
    0,
    ChoiceKind.KEEP,
    "Thursday, November 26 is fine",
    "https://shop.example/choose/abc",
    (ChoiceLine(LineId("1"), 1),),
    None,
    _AT + timedelta(days=3),
)
LETTER: Final = Letter(
    f"{_ORDER}-N1d2f04c0ec7f8afd",
    f"<{_ORDER}-N1d2f04c0ec7f8afd@shop.example>",
    _ORDER,
    "W-1001",
    "promise_changed",
    Medium.EMAIL,
    "ada@example.com",
    "en",
    "Our shop",
    "",
    "",
    "A new date for your order W-1001",
    "Hello Ada,\n\n1 × Tea pot: now Thursday, November 26 instead of tomorrow.\n",
    "<!doctype html>…",
    "Our shop: order W-1001 has changed.",
    _AT,
    (_KEEP,),
    _AT + timedelta(days=7),
)
NOTIFICATION: Final = Notification(
    _ORDER,
    LETTER.notification_id,
    "promise",
    "everyday@2",
    LETTER.kind,
    Medium.EMAIL,
    NotificationState.SENT,
    ("735-12",),
    "",
    _AT,
    None,
    None,
    1,
    _AT,
    _AT + timedelta(days=3),
    _AT,
    LETTER.to,
    "en",
    LETTER.message_id,
    "250 queued",
    "",
)
