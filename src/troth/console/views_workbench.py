"""Exceptions and their fixes as the pages show them: in words, with what they weigh and why."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from troth.console.views_release import short_id
from troth.console.views_returns import short_return
from troth.console.views_timeline import tell
from troth.flows.exceptions.bulk_fixes import Bulk, BulkLine
from troth.model.exceptions import EXPLAINED, ExceptionKind, OpenException, Source, return_named, supply_named
from troth.model.fix import TOLD, Fix, FixKind
from troth.model.ids import FulfillmentId
from troth.model.inventory import dated_by
from troth.model.risk import Risk
from troth.model.value import dataclass
from troth.pages.views import Chip, money, number, path_part, query, words
from troth.store.events import LoggedEvent

KINDS: Final[Mapping[ExceptionKind, Chip]] = {
    ExceptionKind.UNSOURCED: Chip("Unsourced", "red", "alert"),
    ExceptionKind.SHORT: Chip("Short", "red", "alert"),
    ExceptionKind.REJECTED: Chip("Rejected by all", "red", "cross"),
    ExceptionKind.LATE_WORK: Chip("Late at its node", "amber", "half"),
    ExceptionKind.LATE_PROMISE: Chip("Promised too late", "amber", "quarter"),
    ExceptionKind.NOT_ACCEPTED: Chip("Not accepted", "amber", "open"),
    ExceptionKind.LATE_RELEASE: Chip("Late release", "amber", "open"),
    ExceptionKind.PAYMENT: Chip("Payment", "violet", "hold"),
    ExceptionKind.RETURN_WAITING: Chip("Return waits", "blue", "clock"),
    ExceptionKind.REFUND_HELD: Chip("Refund held", "violet", "hold"),
    ExceptionKind.ADDRESS: Chip("Address", "violet", "hold"),
    ExceptionKind.HOLD: Chip("Hold", "amber", "hold"),
    ExceptionKind.HOLD_OVER: Chip("Hold is over", "red", "hold"),
    ExceptionKind.DEFICIT: Chip("Deficit of stock", "red", "alert"),
    ExceptionKind.OVERDUE_SUPPLY: Chip("Supply is overdue", "amber", "clock"),
    ExceptionKind.INTAKE: Chip("Not captured", "blue", "open"),
    ExceptionKind.SHIP_NOTICE: Chip("Ship notice", "amber", "clock"),
    ExceptionKind.PREDICTED_LATE: Chip("Will be late", "amber", "clock"),
    ExceptionKind.PARCEL: Chip("Parcel", "red", "alert"),
    ExceptionKind.DISPUTE: Chip("Dispute", "violet", "alert"),
    ExceptionKind.SILENT_NODE: Chip("Node is silent", "amber", "clock"),
    ExceptionKind.MESSAGE_REFUSED: Chip("Message refused", "red", "alert"),
}
"""How each kind is shown."""

_ENDING: Final = frozenset({FixKind.CANCEL, FixKind.PARTIAL, FixKind.DENY, FixKind.DESTROY, FixKind.WITHDRAW})


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """An exception: `why` says in words what it weighs, and `links` lead to what it is about (text, path)."""

    exception_id: str
    chip: Chip
    explanation: str
    detail: str
    subject: str
    order_id: str
    external_id: str
    channel: str
    customer: str
    node: str
    since: datetime
    due_at: datetime | None
    is_overdue: bool
    owner: str
    snoozed_until: datetime | None
    at_risk: str
    why: str
    goods: str
    is_intake: bool
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FixView:
    """A fix as a row: money as text, and what it does to others in words. It changes an order in this `version`, or
    what says when a supply comes. Where it `asks_date` somebody may know another one than `promised_at`.
    """

    fix_id: str
    version: int
    order_id: str
    says: str
    detail: str
    promised_at: datetime | None
    cost: str
    price: str
    others: str
    is_whole: bool
    is_ending: bool
    asks_date: bool
    may_do: bool


@dataclass(frozen=True, slots=True)
class BulkRow:
    """What would become, or became, of one exception."""

    exception_id: str
    external_id: str
    order_id: str
    detail: str
    promised_at: datetime | None
    cost: str
    problem: str


@dataclass(frozen=True, slots=True)
class BulkView:
    """What would become, or became, of many."""

    matched: int
    looked_at: int
    fixed: int
    is_preview: bool
    cost: str
    rows: tuple[BulkRow, ...]
    contested: tuple[str, ...]


def view_exception(found: OpenException, risk: Risk) -> ExceptionView:
    """An exception as it is shown."""
    currency = found.currency or "USD"
    goods = ", ".join(
        f"{number(one.units, one.line.decimals)} × {one.line.sku}"
        for one in found.lines[:3]
        if one.line.sku and one.units
    )
    more = f" and {len(found.lines) - 3} more" if len(found.lines) > 3 else ""
    subject = _named(found)
    return ExceptionView(
        found.exception_id,
        KINDS[found.kind],
        EXPLAINED[found.kind],
        found.detail if " " in found.detail else words(found.detail),
        subject,
        found.order_id or "",
        found.external_id,
        found.channel,
        found.customer_name,
        found.node or "",
        found.since,
        found.due_at,
        risk.hours is not None and risk.hours < 0,
        found.looked_after_by,
        found.mark.snoozed_until,
        money(risk.owed_minor, currency),
        tell_risk(risk, currency),
        goods + more,
        found.source is Source.INTAKE,
        tuple(_links(found)),
    )


def _links(found: OpenException) -> Iterator[tuple[str, str]]:
    """Where more is to be seen of what an exception is about, beside its order and its node."""
    match found.source:
        case Source.RETURN | Source.REFUND:
            yield "the return", f"/returns/{path_part(return_named(found.subject))}"
        case Source.ACCOUNT:
            yield "its payments", f"/orders/{path_part(found.order_id or '')}#payments-head"
        case Source.STOCK:
            key = supply_named(found.subject)
            if key is not None:
                yield f"the stock of {key.sku}", f"/inventory/{path_part(key.sku)}"
                yield f"what to count at {key.node}", f"/count-tasks{query(node=key.node)}"
        case Source.SUPPLY:
            key = supply_named(found.subject)
            dated = None if key is None else dated_by(key.source)
            if key is not None and dated is not None:
                yield f"what is to come of {key.sku}", f"/inventory/{path_part(key.sku)}"
                if dated.is_transfer:
                    yield "the transfer", f"/transfers/{path_part(dated.number)}"
        case _:
            return


def tell_risk(risk: Risk, currency: str) -> str:
    """What an exception weighs and why, in a sentence.

    >>> tell_risk(Risk(5000, 1200, 36, 15_000, 10_800), "USD")
    '$50.00 owed and $12.00 margin, times 1.50: 36 hours until the promise is missed'
    >>> tell_risk(Risk(5000, 0, None, 10_000, 6_000), "USD")
    '$50.00 owed, times 1.00: no promise is at risk'
    """
    margin = f" and {money(risk.margin_minor, currency)} margin" if risk.margin_minor > 0 else ""
    if risk.hours is None:
        when = "no promise is at risk"
    elif risk.hours < 0:
        when = f"the promise was missed {-risk.hours} hours ago"
    else:
        when = f"{risk.hours} hours until the promise is missed"
    return f"{money(risk.owed_minor, currency)} owed{margin}, times {risk.urgency / 10_000:.2f}: {when}"


def view_fix(fix: Fix, currency: str, cost_currency: str, *, may_do: bool = True) -> FixView:
    """A fix as it is shown."""
    told = [f"leaves {number(taken.left, taken.decimals)} of {taken.sku} at {taken.node}" for taken in fix.takes]
    if fix.waiting:
        told.append(f"{fix.waiting} other {'order waits' if fix.waiting == 1 else 'orders wait'} for it")
    return FixView(
        fix.fix_id,
        fix.version,
        fix.order_id or "",
        TOLD[fix.kind],
        fix.detail,
        fix.promised_at,
        _signed(fix.cost_minor, cost_currency),
        _signed(fix.price_minor, currency),
        "; ".join(told),
        fix.is_whole,
        fix.kind in _ENDING,
        fix.kind is FixKind.RESCHEDULE,
        may_do,
    )


def view_bulk(done: Bulk, cost_currency: str) -> BulkView:
    """What became of many, as it is shown."""
    fixed = done.fixed
    return BulkView(
        done.matched,
        len(done.lines),
        len(fixed),
        done.is_preview,
        _signed(sum(line.fix.cost_minor for line in fixed if line.fix is not None), cost_currency),
        tuple(_bulk_row(line, cost_currency) for line in done.lines),
        tuple(
            f"{number(one.units, one.decimals)} more of {one.sku} at {one.node} would be needed"
            for one in done.contested
        ),
    )


def describe_log(logged: LoggedEvent) -> tuple[datetime, str, str]:
    """When what was done about it, and by whom."""
    return logged.at, tell(logged.event), logged.actor


def _bulk_row(line: BulkLine, cost_currency: str) -> BulkRow:
    fix = line.fix if line.refusal is None else None
    problem = "" if fix is not None else "nothing of the kind settles it"
    if line.refusal is not None:
        problem = words(line.refusal.code)
    return BulkRow(
        line.found.exception_id,
        line.found.external_id or _named(line.found),
        line.found.order_id or "",
        "" if fix is None else fix.detail,
        None if fix is None else fix.promised_at,
        "" if fix is None else _signed(fix.cost_minor, cost_currency),
        problem,
    )


def _named(found: OpenException) -> str:
    """What an exception is about, as people call it."""
    if found.source in (Source.WORK, Source.ACCEPTANCE, Source.RELEASE, Source.NOTICE, Source.SILENCE):
        return short_id(FulfillmentId(found.subject))
    if found.source in (Source.STOCK, Source.SUPPLY):
        key = supply_named(found.subject)
        return found.subject if key is None else f"{key.sku} at {key.node}"
    return (
        short_return(return_named(found.subject)) if found.source in (Source.RETURN, Source.REFUND) else found.subject
    )


def _signed(minor: int, currency: str) -> str:
    """An amount with its sign; a dash where nothing changes.

    >>> _signed(310, "USD"), _signed(-310, "USD"), _signed(0, "USD")
    ('+$3.10', '−$3.10', '–')
    """
    if not minor:
        return "–"
    return f"{'+' if minor > 0 else '−'}{money(abs(minor), currency)}"
