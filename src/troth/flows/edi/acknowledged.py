"""What a partner says of what it was sent: that it could read it, which acknowledges the messages in it, or why not."""

from collections.abc import Sequence
from dataclasses import replace

from troth.flows.door.system import System
from troth.flows.edi.tongue import Acknowledgment
from troth.model.edi_interchange import (
    Direction,
    Fate,
    InterchangeState,
    Report,
    ReportedTransaction,
    Result,
    StoredInterchange,
)
from troth.model.edi_partner import EdiPartner
from troth.store.database import Connection, transaction
from troth.store.edi_interchanges import lock_interchange, note_acknowledged, refuse_message
from troth.store.node_messages import acknowledge

WHAT = "acknowledgment"
"""What a result is of, that says how an interchange was acknowledged."""


async def take_acknowledgments(system: System, partner: EdiPartner, said: Sequence[Acknowledgment]) -> list[Result]:
    """Write how a partner acknowledges what it was sent; said again it changes nothing."""
    results = []
    for number in dict.fromkeys(one.interchange for one in said):
        of_one = [one for one in said if one.interchange == number]
        async with transaction(system.pool) as connection:
            results.append(await _take(connection, system, partner, number, of_one))
    return results


async def _take(
    connection: Connection, system: System, partner: EdiPartner, control: str, said: Sequence[Acknowledgment]
) -> Result:
    number = int(control) if control.isdecimal() else 0
    found = await lock_interchange(connection, partner.partner, Direction.OUT, number)
    if found is None:
        return Result(WHAT, control, Fate.REFUSED, "no interchange was sent under this control number")
    by_transaction = {one.transaction: one for one in said}
    known = {one.control for one in found.report.transactions}
    strange = sorted(name for name in by_transaction if name and name not in known)
    transactions = tuple(_judged(one, by_transaction) for one in found.report.transactions)
    report = Report(found.report.flaws, transactions)
    if report != found.report or found.acknowledged_at is None:
        await _write(connection, system, partner, found, report)
    if strange:
        return Result(WHAT, control, Fate.REFUSED, f"it has no transaction {', '.join(strange)}")
    return Result(WHAT, control, Fate.KNOWN if report == found.report else Fate.DONE)


def _judged(one: ReportedTransaction, said: dict[str, Acknowledgment]) -> ReportedTransaction:
    """A transaction as its partner says that it read it; as it was where nothing is said of it."""
    how = said.get(one.control) or said.get("")
    if how is None:
        return one
    fate = Fate.REFUSED if not how.is_accepted else Fate.NOTED if how.why else Fate.DONE
    return replace(one, fate=fate, results=(Result(WHAT, one.work or "", fate, how.why),) if how.why else ())


async def _write(
    connection: Connection, system: System, partner: EdiPartner, found: StoredInterchange, report: Report
) -> None:
    now = system.door.now()
    await note_acknowledged(connection, partner.partner, found.number, _state_of(report), report, now)
    for one in report.transactions:
        if one.node is None or one.message is None:
            continue
        if one.fate is Fate.REFUSED:
            why = one.results[0].why if one.results else "its system refused it"
            await refuse_message(connection, one.node, one.message, now, why=why)
    accepted = [one for one in report.transactions if one.fate in (Fate.DONE, Fate.NOTED)]
    for node in sorted({one.node for one in accepted if one.node is not None}):
        numbers = [one.message for one in accepted if one.node == node and one.message is not None]
        await acknowledge(connection, node, through=0, numbers=numbers, at=now, by=f"edi/{partner.partner}")


def _state_of(report: Report) -> InterchangeState:
    """How an interchange stands by what its partner says of its transactions; what it says nothing of is as accepted
    only where all of it is.
    """
    fates = {one.fate for one in report.transactions}
    if fates == {Fate.REFUSED}:
        return InterchangeState.REFUSED
    return InterchangeState.PARTLY if fates & {Fate.REFUSED, Fate.WAITING} else InterchangeState.ACCEPTED
