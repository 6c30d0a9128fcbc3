"""What a vendor says to an order, or to what was asked back of it, as answers."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.lines import mean_lines
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.said import SaidReply
from troth.adapters.edi.maps.tally import Tally, said_parts
from troth.model.node_answers import AnsweredLine, AnswerKind, NodeAnswer
from troth.model.node_messages import ToldWork

REFUSED: Final = "refused"
"""Why an order is refused where the vendor does not say."""


def reply_answers(said: SaidReply, work: ToldWork, reading: Reading) -> tuple[NodeAnswer, ...]:
    """The answers that a reply is; none where anything of it cannot be told for sure."""
    before = len(reading.flaws)
    answers = tuple(_to_change(said, work, reading) if said.is_about_change else _to_order(said, work, reading))
    return answers if len(reading.flaws) == before else ()


def _to_order(said: SaidReply, work: ToldWork, reading: Reading) -> Iterator[NodeAnswer]:
    name = work.fulfillment_id
    if said.is_all_refused:
        yield NodeAnswer(AnswerKind.REJECT, name, reason=said.reason or REFUSED)
        return
    tally = Tally(work, reading)
    taken, meant = (mean_lines(lines, work, reading) for lines in (said.accepted, said.refused))
    accepted, refused = said_parts(taken, tally.told), said_parts(meant, tally.told)
    for key, units in accepted.items():
        if units < tally.told.get(key, units) and key not in refused:
            refused[key] = tally.told[key] - units  # fewer than were ordered, and nothing said of the rest
    none = Decimal(0)
    tally.check({key: accepted.get(key, none) + refused.get(key, none) for key in {**accepted, **refused}}, said.at)
    unsaid = [key[1] for key in tally.told if key not in accepted and key not in refused]
    if unsaid and not said.is_all_accepted:
        if accepted or refused:
            detail = f"nothing is said of {', '.join(dict.fromkeys(unsaid))}"
            reading.flaw(said.at, 0, Fault.SEGMENT_MISSING, detail)
        else:
            yield NodeAnswer(AnswerKind.ACKNOWLEDGE, name)
        return
    reasons = {one.line_id: one.said.reason for one in (*taken, *meant) if one.said.reason}
    if refused and refused == tally.told:
        yield NodeAnswer(AnswerKind.REJECT, name, reason=next(iter(reasons.values()), said.reason or REFUSED))
        return
    lines = tuple(
        AnsweredLine(line_id, tally.count(line_id, refused, said.at), reasons.get(line_id, said.reason or REFUSED))
        for line_id in dict.fromkeys(line_id for (line_id, _), units in refused.items() if units)
    )
    if lines:
        yield NodeAnswer(AnswerKind.REJECT, name, reason=lines[0].reason, lines=lines)
    yield NodeAnswer(AnswerKind.ACCEPT, name)


def _to_change(said: SaidReply, work: ToldWork, reading: Reading) -> Iterator[NodeAnswer]:
    """What a vendor says to a change: to one that asks for something back, that it gives it or keeps it; else that it
    has it. That it does not take any other change is for a person.
    """
    name = work.fulfillment_id
    is_refused = said.is_all_refused or (bool(said.refused) and not said.accepted)
    if work.recall is not None:
        if is_refused:
            yield NodeAnswer(AnswerKind.KEEP, name, reason=said.reason or _reason(said) or REFUSED)
        elif said.is_all_accepted or said.accepted:
            yield NodeAnswer(AnswerKind.GIVE_BACK, name, reason=said.reason)
        else:
            yield NodeAnswer(AnswerKind.ACKNOWLEDGE, name)
    elif is_refused or said.refused:
        reading.flaw(said.at, 0, Fault.VALUE_CONTRADICTS, f"the change of {name} is refused: somebody has to call")
    else:
        yield NodeAnswer(AnswerKind.ACKNOWLEDGE, name)


def _reason(said: SaidReply) -> str:
    return next((line.reason for line in said.refused if line.reason), "")
