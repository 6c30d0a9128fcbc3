"""What a partner says that it sent and did not send, as answers: what it gives back, what is short, what left."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.lines import MeantLine, mean_lines
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.said import SaidPackage, SaidShipment
from troth.adapters.edi.maps.tally import Parts, Tally, answered, said_parts, whole
from troth.model.barcodes import is_sscc
from troth.model.ids import LineId
from troth.model.node_answers import AnsweredLine, AnsweredPackage, AnswerKind, NodeAnswer
from troth.model.node_messages import ToldWork

SHORT_REASON: Final = "not_found"
"""Why units are short where the partner does not say."""
Packed = tuple[tuple[SaidPackage, tuple[MeantLine, ...]], ...]


def shipment_answers(said: SaidShipment, work: ToldWork, reading: Reading) -> tuple[NodeAnswer, ...]:
    """The answers that a shipment is; none where anything of it cannot be told for sure, since what is missing in an
    answer would be taken as not sent.
    """
    before = len(reading.flaws)
    packed: Packed = tuple((one, mean_lines(one.lines or (), work, reading)) for one in said.packages)
    outside = mean_lines(said.outside, work, reading)
    tally = Tally(work, reading)
    sent = said_parts((*(line for _, lines in packed for line in lines), *outside), tally.told)
    tally.check(sent, said.at)
    if any(line.said.lots or line.said.serials for line in outside):
        detail = "lots and serials are said, and not in which package they are"
        reading.flaw(said.at, 0, Fault.VALUE_NOT_KNOWN, detail)
    if len(reading.flaws) > before:
        return ()
    answers = tuple(_answers(said, work, packed, outside, sent, tally))
    return answers if len(reading.flaws) == before else ()


def _answers(
    said: SaidShipment,
    work: ToldWork,
    packed: Packed,
    outside: Sequence[MeantLine],
    sent: Parts,
    tally: Tally,
) -> Iterator[NodeAnswer]:
    short: Parts = {key: rest for key in sent if (rest := tally.told[key] - sent[key]) > 0}
    reasons = _reasons(packed, outside)
    name, at = work.fulfillment_id, said.shipped_at
    is_sent = any(sent.values()) or any(package.lines is None for package in said.packages)
    back = _given_back(work, short, tally, said)
    if back:
        lines = () if back == _asked_back(work) else tuple(AnsweredLine(*one) for one in back.items())
        yield NodeAnswer(AnswerKind.GIVE_BACK, name, reason=next(iter(reasons.values()), ""), lines=lines, at=at)
    elif not is_sent and short == tally.told:
        yield NodeAnswer(AnswerKind.REJECT, name, reason=next(iter(reasons.values()), SHORT_REASON), at=at)
        return
    partly = {line.line_id for _, lines in packed for line in lines}
    counted = {line_id: tally.count(line_id, short, said.at) for line_id, _ in short if line_id not in partly}
    left = {
        line_id: units if line_id not in back else 0 if units is None else units - back[line_id]
        for line_id, units in counted.items()
    }
    gone = tuple(
        AnsweredLine(line_id, units, reasons.get(line_id, SHORT_REASON))
        for line_id, units in left.items()
        if units != 0
    )
    if gone:
        yield NodeAnswer(AnswerKind.SHORT, name, lines=gone, at=at)
    if is_sent:
        why = {line_id: reasons.get(line_id, SHORT_REASON) for line_id, _ in short}
        yield NodeAnswer(AnswerKind.SHIP, name, packages=tuple(_packages(packed, outside, why, tally, said)), at=at)


def _given_back(work: ToldWork, short: Parts, tally: Tally, said: SaidShipment) -> Mapping[LineId, int | Decimal]:
    """Of what is asked back the units that did not leave."""
    asked, given = _asked_back(work), dict[LineId, int | Decimal]()
    for line_id in dict.fromkeys(line_id for line_id, _ in short if line_id in asked):
        left = tally.count(line_id, short, said.at)
        units = asked[line_id] if left is None else min(left, asked[line_id])
        if units:
            given[line_id] = units
    return given


def _asked_back(work: ToldWork) -> Mapping[LineId, int | Decimal]:
    lines = work.recall.lines if work.recall is not None else ()
    return {line.line_id: whole(Decimal(str(line.quantity))) for line in lines}


def _packages(
    packed: Packed, outside: Sequence[MeantLine], why: Mapping[LineId, str], tally: Tally, said: SaidShipment
) -> Iterator[AnsweredPackage]:
    """The packages with what is in each; where that is not said of one, or a kit is in several, nothing is said of any,
    which stands for all of it.
    """
    is_said = all(package.lines is not None for package, _ in packed) and not _is_kit_parted(packed, tally)
    is_said = is_said and all(line.quantity == 0 for line in outside)
    for package, lines in packed:
        of_line: dict[LineId, list[MeantLine]] = {}
        for line in lines:
            if line.quantity != 0:
                of_line.setdefault(line.line_id, []).append(line)
        yield AnsweredPackage(
            package.package_id,
            tuple(
                answered(
                    line_id,
                    tally.count(line_id, said_parts(parts, tally.told), said.at),
                    parts,
                    reason=why.get(line_id, ""),
                    with_lots=not tally.is_kit(line_id),
                )
                for line_id, parts in of_line.items()
            )
            if is_said
            else (),
            package.carrier,
            package.service,
            package.tracking_number or (package.package_id if is_sscc(package.package_id) else package.bill_of_lading),
            package.weight_kg,
        )


def _is_kit_parted(packed: Packed, tally: Tally) -> bool:
    places: dict[LineId, set[str]] = {}
    for package, lines in packed:
        for line in lines:
            places.setdefault(line.line_id, set()).add(package.package_id)
    return any(tally.is_kit(line_id) and len(names) > 1 for line_id, names in places.items())


def _reasons(packed: Packed, outside: Sequence[MeantLine]) -> dict[LineId, str]:
    """Why units of lines are not there, as far as it is said."""
    reasons: dict[LineId, str] = {}
    for line in (*outside, *(line for _, lines in packed for line in lines)):
        if line.said.reason:
            reasons.setdefault(line.line_id, line.said.reason)
    return reasons
