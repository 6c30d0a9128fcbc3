"""Schedule lines: one line with several dates and quantities.

Each becomes a line of its own, `1.1`, `1.2` and so on, that knows of which line it is (`schedule_of`). So whatever
works on lines (promises, prices, changes, cancelations, fulfillments, returns) works on dates of a line, and answers
fold them back; a third level below lines would have needed each of them once more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Final

from pydantic import Field

from troth.flows.orders.capture import ContentLine
from troth.flows.orders.charges import ContentCharges
from troth.http.edge.body import Id, Instant, Strict
from troth.http.edge.measures import Quantity, Scaling
from troth.http.edge.problems import No, Refused
from troth.http.orders.line_wishes import WishesBody
from troth.model.ids import LineId
from troth.model.item import Item
from troth.model.measure import counted, half_up
from troth.model.money import Money
from troth.model.order import Terms
from troth.model.refusals import FieldFlaw, Invalid

_PARTS_MAX: Final = 100
_NO_TERMS: Final = Terms()


class ScheduleLineBody(Strict):
    """Units of a line that are wanted at a time of their own."""

    quantity: Quantity
    not_before: Instant | None = None
    need_by: Instant | None = None
    cancel_after: Instant | None = None
    need_by_firm: bool | None = None


OF_SCHEDULE: Final = frozenset(ScheduleLineBody.model_fields)


class ScheduledBody(WishesBody):
    """A line that may have several dates."""

    schedule: Annotated[
        tuple[ScheduleLineBody, ...] | None,
        Field(
            min_length=1,
            max_length=_PARTS_MAX,
            strict=False,
            description="Its units by date; each becomes a line by the name of this one with a dot and a number.",
            examples=[[{"quantity": 2, "need_by": "2027-01-15T00:00:00-05:00"}]],
        ),
    ] = None
    schedule_of: Annotated[
        Id | None, Field(description="The line of which this is one more date; for a line that is added to an order.")
    ] = None


def by_schedule(
    line: ContentLine,
    body: ScheduledBody,
    item: Item | None,
    scaling: Scaling,
    pointer: str,
    order: WishesBody | None = None,
) -> tuple[ContentLine, ...]:
    """The lines that a line becomes, in an order with wishes for all of its lines: itself where it has one date;
    Refused where its units do not add up.
    """
    if body.schedule_of is not None:
        terms = replace(line.terms or _NO_TERMS, schedule_of=LineId(body.schedule_of))
        line = replace(line, terms=terms)
    if body.schedule is None:
        return (line,)
    units = [
        scaling.of_item(part.quantity, item, f"{pointer}/schedule/{at}/quantity")
        for at, part in enumerate(body.schedule)
    ]
    flaws = []
    if sum(units) != line.quantity:
        flaws.append(FieldFlaw(f"{pointer}/quantity", f"its schedule has {counted(sum(units))}"))
    if body.need_by is not None or body.not_before is not None:
        flaws.append(FieldFlaw(f"{pointer}/schedule", "has the dates of the line: it has none of its own"))
    if line.charges is not None and line.charges.total is not None:
        flaws.append(FieldFlaw(f"{pointer}/total", "has no meaning of a line that is parted by a schedule"))
    if flaws:
        raise Refused(Invalid(tuple(flaws)))
    is_firm = body.need_by_firm if body.need_by_firm is not None or order is None else order.need_by_firm
    found, before = [], 0
    for number, (part, count) in enumerate(zip(body.schedule, units, strict=True), 1):
        terms = replace(line.terms or _NO_TERMS, schedule_of=line.line_id)
        need_by = part.need_by or line.need_by
        terms = replace(terms, need_by_firm=bool(is_firm) and need_by is not None)
        if part.cancel_after is not None:
            terms = replace(terms, cancel_after=part.cancel_after)
        if part.need_by_firm is not None:
            terms = replace(terms, need_by_firm=part.need_by_firm)
        found.append(
            replace(
                line,
                line_id=LineId(f"{line.line_id}.{number}"),
                quantity=count,
                need_by=need_by,
                not_before=part.not_before or line.not_before,
                terms=terms,
                charges=_share(line.charges, before, count, line.quantity),
            )
        )
        before += count
    return tuple(found)


def as_sent(no: No, lines: Sequence[ScheduledBody]) -> No:
    """A refusal whose pointers are into the lines as they were sent, instead of into what they became."""
    if not isinstance(no, Invalid) or all(line.schedule is None for line in lines):
        return no
    places = [
        (position, None if line.schedule is None else at)
        for position, line in enumerate(lines)
        for at in range(len(line.schedule or (None,)))
    ]
    return Invalid(tuple(dict.fromkeys(_pointed(flaw, places) for flaw in no.flaws)))


def _pointed(flaw: FieldFlaw, places: Sequence[tuple[int, int | None]]) -> FieldFlaw:
    head, _, rest = flaw.pointer.removeprefix("/lines/").partition("/")
    if not flaw.pointer.startswith("/lines/") or not head.isdigit() or int(head) >= len(places):
        return flaw
    position, at = places[int(head)]
    is_of_schedule = at is not None and rest.partition("/")[0] in OF_SCHEDULE
    where = f"/lines/{position}" + (f"/schedule/{at}" if is_of_schedule else "")
    return replace(flaw, pointer=f"{where}/{rest}" if rest else where)


def _share(charges: ContentCharges | None, before: int, count: int, whole: int) -> ContentCharges | None:
    """What is stated of a line for so many of its units that come after so many others, cut so that all add up."""
    if charges is None:
        return None

    def cut(given: Money | None) -> Money | None:
        if given is None:
            return None
        until, since = (half_up(given.minor * units, whole) for units in (before + count, before))
        return Money(until - since, given.currency)

    return ContentCharges(cut(charges.discount), cut(charges.tax))


def has_schedule(lines: Iterable[ScheduledBody]) -> bool:
    """Whether any line has several dates."""
    return any([line.schedule is not None or line.schedule_of is not None for line in lines])  # noqa: C419 - quicker
