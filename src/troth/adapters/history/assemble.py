"""Rows put together to orders: an order is taken whole or refused whole, since half of one is another order."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from troth.adapters.history.mapping import HistoryMapping
from troth.adapters.history.parse import Flaw, Head, OrderLine, Parsed, RowParser
from troth.adapters.history.rows import Row, read_rows
from troth.flows.orders.capture import ContentLine, OrderContent, digest_content
from troth.model.ids import LineId, OrderId, derive_order_id
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that a file holds, with its rows and, in the same order, its lines."""

    content: OrderContent
    order_id: OrderId
    digest: str
    currency: str
    rows: tuple[Row, ...]
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """The rows of an order that cannot be made of them, each with what is wrong."""

    flawed: tuple[tuple[Row, tuple[Flaw, ...]], ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """How many rows a file has, and for each order whose rows lie apart how many rows it has."""

    rows: int
    scattered: Mapping[str, int]


Piece = tuple[Row, Parsed | tuple[Flaw, ...]]


def survey(path: Path, mapping: HistoryMapping, *, is_stopped: Callable[[], bool] = lambda: False) -> Overview:
    """A first look through a file, so that the second knows when it has seen all rows of an order.

    It remembers a number for each order, some 100 bytes.
    """
    parser = RowParser(mapping)
    counts: Counter[str] = Counter()
    scattered: set[str] = set()
    rows, previous = 0, ""
    for row in read_rows(path, mapping):
        if is_stopped():
            break
        rows += 1
        if row.is_blank or (not row.flaw and parser.skip_reason(row.cells)):
            continue
        key = parser.external_id(row.cells)
        if key != previous and key in counts:
            scattered.add(key)
        counts[key] += 1
        previous = key
    return Overview(rows, {key: counts[key] for key in scattered if key})


def assemble(
    path: Path, mapping: HistoryMapping, overview: Overview, *, read: Callable[[], None], skip: Callable[[str], None]
) -> Iterator[Draft | Unusable]:
    """The orders of a file in the order in which they are complete; `read` and `skip` are told of its rows."""
    parser = RowParser(mapping)
    apart: dict[str, list[Piece]] = {}
    current: list[Piece] = []
    current_key = ""
    for row in read_rows(path, mapping):
        read()
        reason = "is blank" if row.is_blank else "" if row.flaw else parser.skip_reason(row.cells)
        if reason:
            skip(reason)
            continue
        key = parser.external_id(row.cells)
        piece: Piece = (
            row,
            (Flaw("", _kind_of(row.flaw), f"the row {row.flaw}"),) if row.flaw else parser.parse(row.cells),
        )
        if key in overview.scattered:
            pieces = apart.setdefault(key, [])
            pieces.append(piece)
            if len(pieces) == overview.scattered[key]:
                yield _join(key, apart.pop(key))
            continue
        if current and (key != current_key or not key):
            yield _join(current_key, current)
            current = []
        current.append(piece)
        current_key = key
    if current:
        yield _join(current_key, current)
    for key, pieces in apart.items():  # the file has changed since it was surveyed
        yield _join(key, pieces)


def refuse(rows: Sequence[Row], flaws: Mapping[int, tuple[Flaw, ...]]) -> Unusable:
    """All rows of an order as refused: some for what is wrong with them, by position, the others for their company."""
    blamed = ", ".join(str(rows[position].line) for position in sorted(flaws)[:5])
    company = (Flaw("", "belongs to a refused order", f"the order is refused because of line {blamed}"),)
    return Unusable(tuple((row, flaws.get(position, company)) for position, row in enumerate(rows)))


def _join(external_id: str, pieces: Sequence[Piece]) -> Draft | Unusable:
    rows = tuple(row for row, _ in pieces)
    flaws: dict[int, tuple[Flaw, ...]] = {}
    parsed: list[Parsed] = []
    for position, (_, result) in enumerate(pieces):
        if isinstance(result, Parsed):
            parsed.append(result)
        else:
            flaws[position] = result
    if not flaws:
        flaws = _contradictions(rows, parsed)
    if flaws:
        return refuse(rows, flaws)
    head = parsed[0].head
    lines = tuple(each.line for each in parsed)
    content = OrderContent(
        channel=head.channel,
        external_id=external_id,
        lines=tuple(
            ContentLine(LineId(line.line_id or str(number)), line.sku, line.quantity, line.unit_price)
            for number, line in enumerate(lines, start=1)
        ),
        method=head.method,
        ship_to=head.ship_to,
        pickup_node=head.pickup_node,
        service=head.service,
        ordered_at=min(each.head.ordered_at for each in parsed),
        customer=head.customer,
    )
    order_id = derive_order_id(channel=head.channel, external_id=external_id)
    return Draft(content, order_id, digest_content(content), head.currency, rows, lines)


def _contradictions(rows: Sequence[Row], parsed: Sequence[Parsed]) -> dict[int, tuple[Flaw, ...]]:
    """By position, what a row says otherwise than the first row of its order, or says for the second time."""
    first = parsed[0].head
    flaws: dict[int, tuple[Flaw, ...]] = {}
    line_ids: set[str] = set()
    for position, each in enumerate(parsed):
        line = each.line
        names = _differing(first, each.head)
        if names:
            detail = f"{' and '.join(names)} differ from line {rows[0].line} of the same order"
            flaws[position] = (Flaw("", "contradicts the order's first row", detail),)
        elif line.line_id and line.line_id in line_ids:
            flaws[position] = (Flaw("", "line_id is taken", f"line_id {line.line_id} is taken in this order"),)
        line_ids.add(line.line_id)
    return flaws


def _differing(first: Head, other: Head) -> list[str]:
    names = ("channel", "currency", "customer", "method", "pickup_node", "service", "ship_to")
    return [name for name in names if getattr(first, name) != getattr(other, name)] if other is not first else []


def _kind_of(flaw: str) -> str:
    """The part of a row's flaw that is the same for all of its kind.

    >>> _kind_of("is badly quoted: unexpected end of data"), _kind_of("has 5 cells where the header has 8")
    ('is badly quoted', 'has another number of cells')
    """
    return "has another number of cells" if flaw.startswith("has ") else flaw.partition(":")[0]
