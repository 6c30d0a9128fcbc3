"""A document of the intake as it is answered."""

from typing import Any

import msgspec

from troth.http.edge.problems import ProblemError
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.model.intake import IntakeDocument, IntakeState


class IntakeAnswer(msgspec.Struct, frozen=True):
    """A document as it was sent, and everything that is wrong with it, by field. It was sent `times_received` times;
    `order_id` is what became of it.
    """

    intake_id: str
    version: int
    state: IntakeState
    entrance: str
    channel: str
    external_id: str
    total: MoneyAnswer | None
    findings: tuple[ProblemError, ...]
    body: dict[str, Any]
    times_received: int
    received_at: Instant
    received_by: str
    changed_at: Instant
    changed_by: str
    order_id: str | None
    reason: str


def answer_document(document: IntakeDocument) -> IntakeAnswer:
    """A document as it is shown."""
    return IntakeAnswer(
        document.intake_id,
        document.version,
        document.state,
        document.entrance,
        document.channel,
        document.external_id,
        money(document.total_minor, document.currency) if document.currency else None,
        tuple(ProblemError(flaw.pointer, flaw.detail) for flaw in document.findings),
        msgspec.json.decode(document.body),
        document.times_received,
        document.received_at,
        document.received_by,
        document.changed_at,
        document.changed_by,
        document.order_id,
        document.reason,
    )
