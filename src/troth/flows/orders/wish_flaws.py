"""What does not fit together about the dates and the share in which lines are wanted."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from troth.model.order import Fill, Terms
from troth.model.refusals import FieldFlaw


class _Wanted(Protocol):
    """A line, as far as it is looked at here."""

    @property
    def need_by(self) -> datetime | None: ...

    @property
    def not_before(self) -> datetime | None: ...

    @property
    def terms(self) -> Terms | None: ...


def find_wish_flaws(lines: Iterable[_Wanted], *, ship_complete: bool) -> Iterator[FieldFlaw]:
    """What does not fit together, by field; of an order that ships complete no line can be left out."""
    for position, line in enumerate(lines):
        terms, pointer = line.terms, f"/lines/{position}"
        if terms is None:
            continue
        if terms.need_by_firm and line.need_by is None:
            yield FieldFlaw(f"{pointer}/need_by_firm", "has a meaning only together with need_by")
        if terms.cancel_after is not None and line.not_before is not None and terms.cancel_after < line.not_before:
            yield FieldFlaw(f"{pointer}/cancel_after", "must not be earlier than not_before")
        if terms.min_fill_percent and terms.fill is not Fill.PARTIAL:
            yield FieldFlaw(f"{pointer}/min_fill", "has a meaning only with fill partial")
        if terms.fill is not Fill.ALL and ship_complete:
            yield FieldFlaw(f"{pointer}/fill", f"{terms.fill} contradicts that the order ships complete")
