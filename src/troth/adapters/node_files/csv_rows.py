"""Messages and answers as CSV: a row for each line of an order, as spreadsheets and old systems have it."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from troth.flows.nodes.files import ReadAnswer, ReadFile, RowFlaw
from troth.model.ids import FulfillmentId, LineId
from troth.model.node_answers import AnsweredLine, AnsweredLot, AnsweredPackage, AnswerKind, NodeAnswer
from troth.model.node_messages import MessageKind, NodeTold, ToldLine

TOLD_COLUMNS: Final = (
    "number", "kind", "told_at", "reason", "acknowledge_by", "repeats", "fulfillment_id", "order_id", "channel",
    "external_id", "method", "service", "carrier", "ship_by", "promised_at", "customer_name", "customer_phone",
    "ship_to_name", "line1", "line2", "city", "region", "postcode", "country", "via", "recall_id", "answer_by",
    "line_id", "sku", "name", "quantity", "lot",
)  # fmt: skip
"""The columns of a file of messages."""

COLUMNS: Final = (
    "answer", "fulfillment_id", "message", "line_id", "quantity", "reason", "package_id", "carrier", "service",
    "tracking_number", "weight_kg", "lot", "serials", "status", "place", "at", "answer_id",
)  # fmt: skip
"""The columns of a file of answers; those that it does not need may be left out."""

_REFUSED: Final = "refused"
_GROUPED: Final = frozenset({AnswerKind.REJECT, AnswerKind.SHORT, AnswerKind.SHIP, AnswerKind.GIVE_BACK})
_CELL_MAX: Final = 100_000

T = TypeVar("T")
Row = tuple[int, Mapping[str, str]]


class CsvRows:
    """One row for each line that a message is about; the rows of one work and answer are one answer, as those of a
    shipment. A row that has not ended may be half of one, and is refused.
    """

    suffix = ".csv"

    def write(self, messages: Sequence[NodeTold]) -> bytes:
        """The messages, with a head."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(TOLD_COLUMNS)
        for told in messages:
            lines = told.work.lines
            if told.kind is MessageKind.RECALL and told.work.recall is not None:
                lines = told.work.recall.lines
            for line in lines or (None,):
                writer.writerow(_told_row(told, line))
        return text.getvalue().encode()

    def read(self, content: bytes) -> ReadFile:
        """The answers, and the rows of which none can be made. With a column that is not known nothing is read: what it
        was meant to say would be lost.
        """
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return ReadFile((), (RowFlaw(1, "", f"is not UTF-8: {error}"),))
        head, rows, flaws = _rows_of(text)
        if not head:
            return ReadFile((), (RowFlaw(1, "", "has no head"),))
        unknown = [name for name in head if name not in (*COLUMNS, _REFUSED)]
        if "answer" not in head:
            return ReadFile((), (RowFlaw(1, "answer", "is missing in the head"),))
        if unknown or len(set(head)) < len(head):
            twice = next((name for name in head if head.count(name) > 1), "")
            why = f"is not known; known are {', '.join(COLUMNS)}" if unknown else "is there twice"
            names = unknown or [twice]
            return ReadFile((), tuple(RowFlaw(line, name, why) for line, _ in (*rows, (1, {})) for name in names))
        answers: list[ReadAnswer] = []
        for group in _groups(rows):
            found = _Reading(group)
            answer = found.answer()
            if found.flaws:
                flawed = {flaw.line for flaw in found.flaws}
                first = min(flawed)
                flaws += found.flaws
                flaws += [
                    RowFlaw(line, "", f"belongs to the answer of which line {first} is refused")
                    for line, _ in group
                    if line not in flawed
                ]
            elif answer is not None:
                answers.append(ReadAnswer(tuple(line for line, _ in group), answer))
        return ReadFile(tuple(answers), tuple(flaws))

    def refuse(self, content: bytes, flaws: Sequence[RowFlaw]) -> bytes:
        """The rows that were refused, as they came, with why in a last column."""
        told: dict[int, list[str]] = {}
        for flaw in flaws:
            told.setdefault(flaw.line, []).append(f"{flaw.column}: {flaw.detail}" if flaw.column else flaw.detail)
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        before = 0
        for cells in reader:
            line, before = before + 1, reader.line_num
            if line == 1:
                writer.writerow([*cells, _REFUSED if 1 not in told else "; ".join(told[1])])
            elif line in told:
                writer.writerow([*cells, "; ".join(told[line])])
        return text.getvalue().encode()


def _rows_of(text: str) -> tuple[list[str], list[Row], list[RowFlaw]]:
    """The head, the rows with the line on which each begins, and what is wrong with their shape."""
    flaws: list[RowFlaw] = []
    rows: list[Row] = []
    csv.field_size_limit(_CELL_MAX)
    reader = csv.reader(io.StringIO(text), strict=True)
    head: list[str] = []
    line = before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not head:
                head = [name.strip().lower() for name in cells]
            elif cells and len(cells) != len(head):
                flaws.append(RowFlaw(line, "", f"has {len(cells)} cells, and the head {len(head)}"))
            elif cells:
                rows.append((line, {name: cell.strip() for name, cell in zip(head, cells, strict=True)}))
    except csv.Error as error:
        flaws.append(RowFlaw(before + 1, "", f"is no CSV: {error}; nothing behind it was read"))
    if rows and rows[-1][0] == line and not text.endswith("\n"):
        rows.pop()
        flaws.append(RowFlaw(line, "", "has no line end, and may be half a row"))
    return head, rows, flaws


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows that are one answer, in the order in which they begin."""
    groups: dict[object, list[Row]] = {}
    for line, row in rows:
        is_grouped = row.get("answer", "") in _GROUPED
        key = (row["answer"], row.get("fulfillment_id", ""), row.get("answer_id", "")) if is_grouped else line
        groups.setdefault(key, []).append((line, row))
    return list(groups.values())


class _Reading:
    """The rows of one answer, and what is wrong with them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.flaws: list[RowFlaw] = []

    def answer(self) -> NodeAnswer | None:
        """The answer that the rows are; None where it is not known which."""
        line, first = self.rows[0]
        kind = first.get("answer", "")
        if kind not in set(AnswerKind):
            self.flaws.append(RowFlaw(line, "answer", f"must be one of {', '.join(AnswerKind)}"))
            return None
        name = first.get("fulfillment_id", "")
        answer = NodeAnswer(
            AnswerKind(kind),
            FulfillmentId(name) if name else None,
            message=self._parsed(self.rows[0], "message", int, "must be a number"),
            reason=first.get("reason", ""),
            status=first.get("status", ""),
            place=first.get("place", ""),
            at=self._parsed(self.rows[0], "at", _instant, "must be a time with an offset from UTC"),
            answer_id=first.get("answer_id", ""),
        )
        match answer.answer:
            case AnswerKind.TRACK:
                return replace(
                    answer, tracking_number=first.get("tracking_number", ""), carrier=first.get("carrier", "")
                )
            case AnswerKind.SHIP:
                return replace(answer, reason="", packages=tuple(self._packages()))
            case _:
                return replace(answer, lines=tuple(self._lines(self.rows)))

    def _packages(self) -> Iterator[AnsweredPackage]:
        packages: dict[str, list[Row]] = {}
        for line, row in self.rows:
            packages.setdefault(row.get("package_id", "") or "1", []).append((line, row))
        for name, rows in packages.items():
            weight = self._parsed(rows[0], "weight_kg", _decimal, "must be a number")
            yield AnsweredPackage(
                name,
                tuple(self._lines(rows)),
                rows[0][1].get("carrier", ""),
                rows[0][1].get("service", ""),
                rows[0][1].get("tracking_number", ""),
                weight,
            )

    def _lines(self, rows: Sequence[Row]) -> Iterator[AnsweredLine]:
        """The lines that rows name; of several rows of one line, as of its lots, the units are added up."""
        lines: dict[str, list[Row]] = {}
        for line, row in rows:
            if row.get("line_id", ""):
                lines.setdefault(row["line_id"], []).append((line, row))
            elif row.get("quantity", ""):
                self.flaws.append(RowFlaw(line, "line_id", "is required where a quantity is given"))
        for name, of_line in lines.items():
            counts = [self._parsed(row, "quantity", _quantity, "must be a number, not below 0") for row in of_line]
            known = [count for count in counts if count is not None]
            lots = tuple(
                AnsweredLot(row["lot"], count)
                for (_, row), count in zip(of_line, counts, strict=True)
                if row.get("lot", "") and count is not None
            )
            serials = tuple(serial for _, row in of_line for serial in row.get("serials", "").split())
            reason = next((row["reason"] for _, row in of_line if row.get("reason", "")), "")
            total = sum(known) if len(known) == len(counts) else None
            yield AnsweredLine(LineId(name), total, reason, lots, serials)

    def _parsed(self, row: Row, column: str, parse: Callable[[str], T], why: str) -> T | None:
        """What a cell says; None where it is empty, or says nothing that can be read."""
        line, cells = row
        text = cells.get(column, "")
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, InvalidOperation):
            self.flaws.append(RowFlaw(line, column, why))
            return None


def _told_row(told: NodeTold, line: ToldLine | None) -> list[object]:
    work, to, recall = told.work, told.work.ship_to, told.work.recall
    place = [""] * 7 if to is None else [to.name, to.line1, to.line2, to.city, to.region, to.postcode, to.country]
    return [
        told.number, told.kind.value, _moment(told.at), told.reason, _moment(told.acknowledge_by), told.repeats,
        work.fulfillment_id, work.order_id, work.channel, work.external_id, work.method.value, work.service,
        work.carrier, _moment(work.ship_by), _moment(work.promised_at), work.customer_name, work.customer_phone,
        *place, work.via, "" if recall is None else recall.recall_id, None if recall is None else
        _moment(recall.answer_by), *(("",) * 5 if line is None else
        (line.line_id, line.sku, line.name, line.quantity, line.lot)),
    ]  # fmt: skip


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


def _decimal(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite() or found < 0:
        raise ValueError(text)
    return found


def _quantity(text: str) -> int | Decimal:
    return int(text) if text.isdecimal() else _decimal(text)
