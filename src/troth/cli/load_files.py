"""Files of nodes, items and stock, as values; every flaw of a file is told with its place."""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from troth.cli.exits import USAGE, Failed
from troth.flows.stock.load_stock import Measured
from troth.http.edge.body import flaws_of
from troth.http.edge.problems import Refused
from troth.http.records.item_body import ItemBody
from troth.http.records.node_body import NodeBody
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.model.refusals import Invalid
from troth.store.stock_load import Position

T = TypeVar("T")
V = TypeVar("V")

_FLAWS_MAX: Final = 20
_STOCK_COLUMNS: Final = ("node", "sku", "on_hand")
_LOT_COLUMNS: Final = ("lot", "expires_on")
_AMOUNT: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{1,3})?", re.ASCII)
_UNITS_MAX: Final = 10**12


def read_nodes(path: Path, currency: str) -> list[Node]:
    """The nodes of a file; raises Failed with its flaws. `currency` is that of the costs."""
    bodies = _read_bodies(path, TypeAdapter(NodeBody))
    return _make_each(path, bodies, lambda body: _node(body, currency))


def read_items(path: Path) -> list[Item]:
    """The items of a file; raises Failed with its flaws."""
    bodies = _read_bodies(path, TypeAdapter(ItemBody))
    return _make_each(path, bodies, _item)


def read_positions(path: Path) -> list[Measured]:
    """The positions of a CSV file, by lot where it names lots; raises Failed with its flaws."""
    positions: list[Measured] = []
    flaws: list[str] = []
    reader = csv.DictReader(_read_text(path).splitlines(keepends=True))
    missing = [name for name in _STOCK_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise Failed(f"{path} has no column {', '.join(missing)}", USAGE)
    for row in reader:
        node, sku, units = ((row[name] or "").strip() for name in _STOCK_COLUMNS)
        if not node or not sku or not _AMOUNT.fullmatch(units) or Decimal(units) > _UNITS_MAX:
            flaws.append(f"line {reader.line_num}: wants a node, a SKU and a quantity, not {node},{sku},{units}")
            continue
        lot, last = ((row.get(name) or "").strip() for name in _LOT_COLUMNS)
        try:
            expires_on = date.fromisoformat(last) if last else None
        except ValueError:
            flaws.append(f"line {reader.line_num}: expires_on must be a day such as 2027-03-31, not {last}")
            continue
        if "/" in lot or (last and not lot):
            why = "a lot has no slash in its name" if lot else "expires_on is of a lot, and the line names none"
            flaws.append(f"line {reader.line_num}: {why}")
            continue
        position = Position(Sku(sku), NodeId(node), 0, lot=lot, expires_on=expires_on)
        positions.append(Measured(position, Decimal(units) if "." in units else int(units)))
    _fail_on(path, flaws)
    return positions


def _node(body: NodeBody, currency: str) -> Node:
    if body.node_id is None:
        raise ValueError("node_id is required")
    return body.node(NodeId(body.node_id), currency)


def _item(body: ItemBody) -> Item:
    if body.sku is None:
        raise ValueError("sku is required")
    return body.item(Sku(body.sku))


def _read_bodies(path: Path, adapter: TypeAdapter[T]) -> list[tuple[str, T]]:
    bodies: list[tuple[str, T]] = []
    flaws: list[str] = []
    for place, value in _read_objects(path):
        try:
            bodies.append((place, adapter.validate_json(json.dumps(value))))
        except ValidationError as error:
            flaws += [f"{place}: {flaw.pointer} {flaw.detail}" for flaw in flaws_of(error)]
    _fail_on(path, flaws)
    return bodies


def _read_objects(path: Path) -> Iterator[tuple[str, Any]]:
    text = _read_text(path)
    try:
        if text.lstrip().startswith("["):
            yield from ((f"entry {number}", value) for number, value in enumerate(json.loads(text), start=1))
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield f"line {number}", json.loads(line)
    except json.JSONDecodeError as error:
        raise Failed(f"{path} is not valid JSON: {error}", USAGE) from error


def _make_each(path: Path, bodies: Sequence[tuple[str, T]], make: Callable[[T], V]) -> list[V]:
    values: list[V] = []
    flaws: list[str] = []
    for place, body in bodies:
        try:
            values.append(make(body))
        except Refused as refused:
            fields = refused.no.flaws if isinstance(refused.no, Invalid) else ()
            flaws += [f"{place}: {flaw.pointer} {flaw.detail}" for flaw in fields] or [f"{place}: {refused.no.code}"]
        except ValueError as error:
            flaws.append(f"{place}: {error}")
    _fail_on(path, flaws)
    return values


def _fail_on(path: Path, flaws: list[str]) -> None:
    if flaws:
        more = [f"and {len(flaws) - _FLAWS_MAX} more"] if len(flaws) > _FLAWS_MAX else []
        raise Failed("\n".join([f"{path}: nothing is loaded", *flaws[:_FLAWS_MAX], *more]), USAGE)


def _read_text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Failed(f"{path} cannot be read: {error}", USAGE) from error
