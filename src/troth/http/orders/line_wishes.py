"""What lines wish of dates and of being filled: said of a line, or of the order for all lines that say nothing else."""

from dataclasses import replace
from typing import Annotated, Final

from pydantic import Field

from troth.flows.orders.capture import ContentLine
from troth.http.edge.body import Instant, Strict
from troth.model.order import Fill, Terms

_NO_TERMS: Final = Terms()


class WishesBody(Strict):
    """By when, and in which share, something is wanted at all."""

    need_by: Annotated[Instant | None, Field(description="Wanted by then; what comes later is said to be late.")] = None
    not_before: Annotated[Instant | None, Field(description="Nothing arrives earlier.")] = None
    cancel_after: Annotated[
        Instant | None, Field(description="Nothing is promised for later, and what is open then is canceled.")
    ] = None
    need_by_firm: Annotated[
        bool | None, Field(description="Whether later than `need_by` is too late, instead of late.")
    ] = None
    backorder: Annotated[
        bool | None, Field(description="Whether what is still to come may be promised (default: yes).")
    ] = None
    fill: Annotated[
        Fill | None,
        Field(
            strict=False,
            description="What becomes of a line that cannot be promised in full: `all`: the order is refused;"
            " `fill_or_kill`: the line, from what is on hand and whole, or canceled; of an order: all of it from what"
            " is on hand, or refused; `partial`: what can be promised is, the rest is canceled.",
            examples=["partial"],
        ),
    ] = None
    min_fill: Annotated[
        int | None, Field(ge=1, le=100, description="With `partial`: with less percent of it the line is canceled.")
    ] = None


WISHES: Final = frozenset(WishesBody.model_fields)
_OF_TERMS: Final = WISHES - {"need_by", "not_before"}


def with_wishes(line: ContentLine, own: WishesBody, order: WishesBody | None) -> ContentLine:
    """The line with its own wishes, and with the order's where it has none; the same one where there are none."""
    if order is None and own.model_fields_set.isdisjoint(_OF_TERMS):
        return line
    terms = line.terms or _NO_TERMS
    if order is not None:
        is_killed = order.fill is Fill.OR_KILL
        line = replace(line, need_by=own.need_by or order.need_by, not_before=own.not_before or order.not_before)
        terms = replace(
            terms,
            cancel_after=order.cancel_after,
            need_by_firm=bool(order.need_by_firm) and line.need_by is not None,
            backorder=order.backorder is not False and not is_killed,
            fill=Fill.ALL if is_killed or order.fill is None else order.fill,
            min_fill_percent=order.min_fill or 0,
        )
    if own.fill is not None:
        terms = replace(terms, fill=own.fill, min_fill_percent=0)
    given = {
        name: value
        for name, value in (
            ("cancel_after", own.cancel_after),
            ("need_by_firm", own.need_by_firm),
            ("backorder", own.backorder),
            ("min_fill_percent", own.min_fill),
        )
        if value is not None
    }
    terms = replace(terms, **given)  # type: ignore[arg-type] # the names are those of the fields
    return replace(line, terms=None if terms == _NO_TERMS else terms)
