"""The rows of a file as they are: CSV or JSON lines, also compressed. A row that cannot be read is one too."""

import csv
import gzip
import json
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Final

from troth.adapters.history.mapping import FileFormat, HistoryMapping, MappingWrong
from troth.model.value import dataclass

_OWN_PREFIX: Final = "refused_"
_FORMATS: Final[Mapping[str, FileFormat]] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line of the file where it begins, and its cells by column.

    `flaw` says why it cannot be read as a whole; its cells are then those that could be told.
    """

    line: int
    cells: Mapping[str, str]
    flaw: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it."""
        return not self.flaw and not any(self.cells.values())


def file_format(path: Path, mapping: HistoryMapping) -> FileFormat:
    """The form that the mapping says, or else the name; raises MappingWrong where neither tells."""
    if mapping.format is not None:
        return mapping.format
    suffix = next((suffix for suffix in reversed(path.suffixes) if suffix != ".gz"), "")
    if suffix not in _FORMATS:
        raise MappingWrong(f'{path} does not tell its form by its name: set format = "csv" or "jsonl"')
    return _FORMATS[suffix]


def read_columns(path: Path, mapping: HistoryMapping) -> tuple[str, ...]:
    """The columns of a CSV file, without those that we added to one we refused; for JSON lines those of the mapping.

    Raises MappingWrong where the file lacks some that the mapping names.
    """
    if file_format(path, mapping) == "jsonl":
        return tuple(sorted(mapping.columns()))
    with _open(path) as file:
        header = _header(_Lines(_decode(file, mapping.encoding, set())), mapping)
    missing = sorted(mapping.columns() - set(header))
    if missing:
        raise MappingWrong(f"{path} has no column {', '.join(missing)}; it has {', '.join(header)}")
    if len(set(header)) < len(header):
        raise MappingWrong(f"{path} has two columns of the same name: {', '.join(header)}")
    return tuple(name for name in header if not name.startswith(_OWN_PREFIX))


def read_rows(path: Path, mapping: HistoryMapping) -> Iterator[Row]:
    """Every row in the order of the file. Where a compressed file breaks off, its last row has a flaw."""
    with _open(path) as file:
        undecodable: set[int] = set()
        lines = _Lines(_decode(file, mapping.encoding, undecodable))
        rows = (
            _json_rows(lines, undecodable)
            if file_format(path, mapping) == "jsonl"
            else _csv_rows(lines, mapping, undecodable)
        )
        last: Row | None = None
        try:
            for row in rows:
                if last is not None:
                    yield last
                last = row
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            line, cells = (last.line, last.cells) if last else (1, {})
            last = Row(line, cells, f"the file is damaged and breaks off here: {error}")
        if last is not None:
            yield last


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _decode(file: Iterable[bytes], encoding: str, undecodable: set[int]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, start=1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield number, line.decode(encoding)
        except UnicodeDecodeError:
            undecodable.add(number)
            yield number, line.decode("utf-8", "surrogateescape")


class _Lines:
    """Feeds lines to a CSV reader and remembers which the current record took, so that they can be given back."""

    def __init__(self, source: Iterator[tuple[int, str]]) -> None:
        self._source = source
        self._again: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        numbered = self._again.popleft() if self._again else next(self._source)
        self.taken.append(numbered)
        return numbered[1]

    def give_back(self) -> None:
        """Give back all lines of the current record but its first."""
        self._again.extendleft(reversed(self.taken[1:]))


def _header(lines: _Lines, mapping: HistoryMapping) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader(lines, delimiter=mapping.delimiter))]
    except (StopIteration, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MappingWrong(f"the file has no header that can be read: {str(error) or 'it is empty'}") from error


def _csv_rows(lines: _Lines, mapping: HistoryMapping, undecodable: set[int]) -> Iterator[Row]:
    header = _header(lines, mapping)
    reader = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
    while True:
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is never closed swallows what follows: only its first line is to blame.
            number, text = lines.taken[0]
            cells = _cells_as_they_are(text, mapping.delimiter)
            yield Row(number, dict(zip(header, cells, strict=False)), f"is badly quoted: {error}")
            lines.give_back()
            reader = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
            continue
        named = dict(zip(header, cells, strict=False))
        if cells and len(cells) != len(header):
            flaw = f"has {len(cells)} cells where the header has {len(header)}"
        else:
            flaw = _decoding_flaw(lines, mapping.encoding, undecodable)
        yield Row(lines.taken[0][0], named, flaw)


def _cells_as_they_are(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return []


def _json_rows(lines: _Lines, undecodable: set[int]) -> Iterator[Row]:
    for text in lines:
        number = lines.taken[0][0]
        flaw = _decoding_flaw(lines, "utf-8", undecodable)
        lines.taken.clear()
        if not text.strip():
            yield Row(number, {})
            continue
        try:
            value = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            yield Row(number, {"refused_text": text.rstrip("\r\n")}, f"is not valid JSON: {error}")
            continue
        if isinstance(value, dict):
            yield Row(number, dict(_flatten(value)), flaw)
        else:
            yield Row(number, {"refused_text": text.rstrip("\r\n")}, "is not a JSON object")


def _decoding_flaw(lines: _Lines, encoding: str, undecodable: set[int]) -> str:
    if undecodable and any(number in undecodable for number, _ in lines.taken):
        return f"is not encoded as {encoding}"
    return ""


def _flatten(value: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The scalars of an object by dotted path.

    >>> dict(_flatten({"id": 7, "customer": {"name": "Ada", "email": None}}))
    {'id': '7', 'customer.name': 'Ada', 'customer.email': ''}
    """
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _flatten(member, f"{prefix}{name}.")
        elif isinstance(member, str):
            yield prefix + name, member
        else:
            yield prefix + name, "" if member is None else json.dumps(member)
