"""Exceptions, their fixes and what became of them, as they are answered."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from troth.engine.exceptions.risk import owed_minor
from troth.flows.exceptions.bulk_fixes import Bulk, BulkLine
from troth.flows.exceptions.fixing import Fixed
from troth.http.edge.measures import Units
from troth.http.edge.problems import PROBLEMS, TYPE_BASE, describe
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.http.orders.order_shapes import CustomerAnswer
from troth.model.exceptions import EXPLAINED, ExceptionKind, Mark, OpenException
from troth.model.fix import TOLD, Fix, FixKind
from troth.model.measure import shown
from troth.model.refusals import Refusal
from troth.model.risk import Risk
from troth.store.events import LoggedEvent
from troth.store.marks import Note


class ExceptionLine(msgspec.Struct, frozen=True):
    """Units of a line that are concerned, and what the customer pays for them."""

    line_id: str
    sku: str
    quantity: Units
    owed: MoneyAnswer


class RiskAnswer(msgspec.Struct, frozen=True):
    """Why it stands where it does: `score` is what is owed, the margin and a floor, times `urgency`, which grows as the
    promise comes near and after it (`hours` are those until then, below 0 those since; null: no promise is at risk).
    """

    score: int
    owed: MoneyAnswer
    margin: MoneyAnswer
    hours: int | None
    urgency: float


class MarkAnswer(msgspec.Struct, frozen=True):
    """What people said of it: who looks after it, and until when it is put off."""

    owner: str
    snoozed_until: Instant | None
    changed_at: Instant | None
    changed_by: str


class ExceptionAnswer(msgspec.Struct, frozen=True):
    """Something that needs a person, since when, and by when it has to be settled for the promise to be kept.

    `subject` is the line, fulfillment, hold, return (with the node where units wait), supply or document that it is
    about; `owner` looks after it. `order_id` is null for what belongs to no order.
    """

    exception_id: str
    kind: ExceptionKind
    explanation: str
    detail: str
    subject: str
    order_id: str | None
    channel: str
    external_id: str
    customer: CustomerAnswer
    node: str | None
    since: Instant
    due_at: Instant | None
    owner: str
    snoozed_until: Instant | None
    at_risk: MoneyAnswer
    risk: RiskAnswer
    lines: tuple[ExceptionLine, ...]


class ExceptionsPage(msgspec.Struct, frozen=True):
    """A page of exceptions; `counts` are of each kind those that fit the other filters. It `is_partial` where there are
    more of a sort than are ranked.
    """

    items: tuple[ExceptionAnswer, ...]
    next: str | None
    counts: dict[ExceptionKind, int]
    is_partial: bool


class TakenAnswer(msgspec.Struct, frozen=True):
    """Units that a fix takes at a node, and how many are left there for others."""

    sku: str
    node: str
    quantity: Units
    left: Units


class FixAnswer(msgspec.Struct, frozen=True):
    """What can be done, as the engine would do it now, to which order in which version; where `order_id` is null, to
    the purchase order or transfer that says when a supply comes.

    When the units would be there (null: they are not wanted, or that is not known), what it costs more to serve and
    what the customer pays more, what it takes that others could have had, and how many other orders wait for the same
    items. Where it is not `is_whole` some units stay as they are.
    """

    fix_id: str
    kind: FixKind
    says: str
    detail: str
    promised_at: Instant | None
    cost_difference: MoneyAnswer
    price_difference: MoneyAnswer
    takes: tuple[TakenAnswer, ...]
    orders_waiting: int
    is_whole: bool
    order_id: str | None
    version: int


class NoteAnswer(msgspec.Struct, frozen=True):
    """What somebody wrote about it."""

    at: Instant
    noted_by: str
    note: str


class DoneAnswer(msgspec.Struct, frozen=True):
    """What somebody did about it, as the log has it."""

    at: Instant
    kind: str
    actor: str


class ExceptionDetail(msgspec.Struct, frozen=True):
    """An exception with what can be done about it now, and the `version` of its order (0: it is of none)."""

    exception: ExceptionAnswer
    version: int
    fixes: tuple[FixAnswer, ...]
    notes: tuple[NoteAnswer, ...]
    done: tuple[DoneAnswer, ...]


class FixedAnswer(msgspec.Struct, frozen=True):
    """What was done about an exception, and the version of the order now; where `order_id` is null, that of the
    purchase order or transfer.
    """

    exception_id: str
    order_id: str | None
    version: int
    kind: FixKind
    fix_id: str
    promised_at: Instant | None


class BulkProblem(msgspec.Struct, frozen=True):
    """Why nothing was done."""

    type: str
    title: str
    detail: str


class BulkLineAnswer(msgspec.Struct, frozen=True):
    """What would become, or became, of one exception: the fix, or the problem; neither where none of the kind helps."""

    exception_id: str
    order_id: str | None
    version: int
    fix: FixAnswer | None
    problem: BulkProblem | None


class ContestedAnswer(msgspec.Struct, frozen=True):
    """Units that these fixes together would take more of than there are."""

    sku: str
    node: str
    lacking: Units


class BulkAnswer(msgspec.Struct, frozen=True):
    """How many exceptions fit, how many of those looked at have the fix, and what all of them together change."""

    matched: int
    looked_at: int
    fixed: int
    is_applied: bool
    cost_difference: MoneyAnswer
    results: tuple[BulkLineAnswer, ...]
    contested: tuple[ContestedAnswer, ...]


def answer_exception(found: OpenException, risk: Risk) -> ExceptionAnswer:
    """An exception as it is shown."""
    currency = found.currency or "USD"
    return ExceptionAnswer(
        found.exception_id,
        found.kind,
        EXPLAINED[found.kind],
        found.detail,
        found.subject,
        found.order_id,
        found.channel,
        found.external_id,
        CustomerAnswer(found.customer_id, found.customer_name, "", ""),
        found.node,
        found.since,
        found.due_at,
        found.looked_after_by,
        found.mark.snoozed_until,
        money(risk.owed_minor, currency),
        RiskAnswer(
            risk.score,
            money(risk.owed_minor, currency),
            money(risk.margin_minor, currency),
            risk.hours,
            risk.urgency / 10_000,
        ),
        tuple(
            ExceptionLine(
                one.line.line_id,
                one.line.sku,
                shown(one.units, one.line.decimals),
                money(owed_minor(one, includes_tax=found.prices_include_tax), currency),
            )
            for one in found.lines
        ),
    )


def answer_page(
    rows: Iterable[tuple[OpenException, Risk]],
    counts: Mapping[ExceptionKind, int],
    cursor: str | None,
    *,
    is_partial: bool,
) -> ExceptionsPage:
    """A page of exceptions as it is shown."""
    ordered = {kind: counts[kind] for kind in ExceptionKind if counts.get(kind)}
    return ExceptionsPage(tuple(answer_exception(*row) for row in rows), cursor, ordered, is_partial)


def answer_detail(
    found: OpenException,
    risk: Risk,
    fixes: Iterable[Fix],
    version: int,
    notes: Sequence[Note],
    done: Sequence[LoggedEvent],
    cost_currency: str,
) -> ExceptionDetail:
    """An exception with its fixes as it is shown."""
    return ExceptionDetail(
        answer_exception(found, risk),
        version,
        tuple(answer_fix(fix, found.currency, cost_currency) for fix in fixes),
        tuple(NoteAnswer(note.at, note.noted_by, note.note) for note in notes),
        tuple(DoneAnswer(one.at, one.kind, one.actor) for one in done),
    )


def answer_fix(fix: Fix, currency: str, cost_currency: str) -> FixAnswer:
    """A fix as it is shown."""
    return FixAnswer(
        fix.fix_id,
        fix.kind,
        TOLD[fix.kind],
        fix.detail,
        fix.promised_at,
        money(fix.cost_minor, cost_currency),
        money(fix.price_minor, currency),
        tuple(
            TakenAnswer(one.sku, one.node, shown(one.units, one.decimals), shown(one.left, one.decimals))
            for one in fix.takes
        ),
        fix.waiting,
        fix.is_whole,
        fix.order_id,
        fix.version,
    )


def answer_fixed(done: Fixed) -> FixedAnswer:
    """What was done, as it is shown."""
    fix = done.fix
    return FixedAnswer(done.found.exception_id, fix.order_id, done.version, fix.kind, fix.fix_id, fix.promised_at)


def answer_mark(mark: Mark) -> MarkAnswer:
    """What was said, as it is shown."""
    return MarkAnswer(mark.owner, mark.snoozed_until, mark.changed_at, mark.changed_by)


def answer_bulk(done: Bulk, cost_currency: str) -> BulkAnswer:
    """What became of many, as it is shown."""
    return BulkAnswer(
        done.matched,
        len(done.lines),
        len(done.fixed),
        not done.is_preview,
        money(sum(line.fix.cost_minor for line in done.fixed if line.fix is not None), cost_currency),
        tuple(_bulk_line(line, cost_currency) for line in done.lines),
        tuple(ContestedAnswer(one.sku, one.node, shown(one.units, one.decimals)) for one in done.contested),
    )


def _bulk_line(line: BulkLine, cost_currency: str) -> BulkLineAnswer:
    done = line.fix if line.refusal is None else None
    fix = None if done is None else answer_fix(done, line.found.currency, cost_currency)
    problem = None if line.refusal is None else _problem(line.refusal)
    return BulkLineAnswer(line.found.exception_id, line.found.order_id, line.version, fix, problem)


def _problem(refusal: Refusal) -> BulkProblem:
    return BulkProblem(TYPE_BASE + refusal.code, PROBLEMS[refusal.code][1], describe(refusal))
