"""Whatever becomes known of an order and whatever is decided meanwhile: what is written comes to what is incurred."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from troth.engine.money.charging import charge
from troth.model.chargeback import (
    CHARGEBACK,
    UNDECIDED,
    Charge,
    Chargeback,
    ChargebackEvent,
    ChargebackRule,
    ChargebackState,
    ChargebackSums,
    statements_of,
)
from troth.model.ids import FulfillmentId, LineId, OrderId

_CHARGES = st.builds(
    Charge,
    st.sampled_from((ChargebackRule.LATE, ChargebackRule.SHORT)),
    st.just(FulfillmentId("F1")),
    st.sampled_from((LineId("1"), LineId("2"))),
    st.integers(1, 9),
    st.integers(1, 500),
    st.just(NOW),
)
_KNOWN = st.lists(_CHARGES, max_size=4, unique_by=lambda one: one.key)
_DECISIONS = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(ChargebackEvent)), max_size=3)


def written(before: Sequence[Chargeback], incurred: Sequence[Charge]) -> list[Chargeback]:
    """What is written after what is incurred was looked at."""
    found = charge(incurred, before)
    taken = {one.chargeback_id for one in found.taken_back}
    kept = [replace(one, state=ChargebackState.TAKEN_BACK) if one.chargeback_id in taken else one for one in before]
    new = [
        Chargeback(f"O-1-B{len(kept) + number}", OrderId("O-1"), "C-1", "C-1@1", one, "USD", NOW)
        for number, one in enumerate(found.charges, 1)
    ]
    return kept + new


def decided(before: Sequence[Chargeback], at: int, event: ChargebackEvent) -> list[Chargeback]:
    """What is written after a person decided about one of them, where that is possible."""
    changed = list(before)
    if before and event is not ChargebackEvent.TAKE_BACK:
        one = before[at % len(before)]
        changed[at % len(before)] = replace(one, state=CHARGEBACK.get((one.state, event), one.state))
    return changed


@given(st.lists(st.tuples(_KNOWN, _DECISIONS), max_size=8))
def test_what_is_written_comes_to_what_is_incurred_or_was_decided(
    history: list[tuple[list[Charge], list[tuple[int, ChargebackEvent]]]],
) -> None:
    book: list[Chargeback] = []
    for incurred, decisions in history:
        final = {one.chargeback_id: one for one in book if one.state not in UNDECIDED}
        book = written(book, incurred)
        assert charge(incurred, book).taken_back == ()
        assert charge(incurred, book).charges == ()
        assert {one.chargeback_id: one for one in book if one.chargeback_id in final} == final
        for key in {one.key for one in incurred} | {one.charge.key for one in book}:
            owed = sum(one.amount_minor for one in incurred if one.key == key)
            live = [one for one in book if one.charge.key == key and one.state is not ChargebackState.TAKEN_BACK]
            bound = sum(one.charge.amount_minor for one in live if one.state not in UNDECIDED)
            assert sum(one.charge.amount_minor for one in live) == max(owed, bound)
        for at, event in decisions:
            book = decided(book, at, event)


def test_a_statement_adds_up_by_rule_and_customer() -> None:
    sums = (
        ChargebackSums("A", "USD", ChargebackRule.LATE, expected=5, open=1, disputed=2, accepted=3, waived=4),
        ChargebackSums("A", "USD", ChargebackRule.SPLIT, open=10),
        ChargebackSums("B", "EUR", ChargebackRule.SPLIT, expected=7),
    )

    first, second = statements_of(sums)

    assert first.rules == sums[:2]
    assert (first.total.expected, first.total.incurred, first.total.open) == (5, 20, 11)
    assert (second.total.customer_id, second.total.expected, second.total.incurred) == ("B", 7, 0)
