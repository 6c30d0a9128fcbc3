"""The file of refused rows: the same columns, and behind them the line, the column and the reason."""

import csv
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from troth.adapters.history.mapping import FileFormat
from troth.adapters.history.parse import Flaw
from troth.adapters.history.rows import Row

_ADDED: Final = ("refused_line", "refused_column", "refused_reason")


def refused_path(path: Path) -> Path:
    """Where the refused rows of a file go, beside it.

    >>> refused_path(Path("history/orders.csv.gz"))
    PosixPath('history/orders.refused.csv')
    """
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return plain.with_suffix(f".refused{plain.suffix}")


class RefusedRows:
    """Writes refused rows so that, once mended, they can be loaded like the file they are of; empty, it goes away."""

    def __init__(self, path: Path, *, columns: Sequence[str], form: FileFormat, delimiter: str, encoding: str) -> None:
        self.path = path
        self.count = 0
        self._columns = list(columns)
        self._form = form
        # Bytes that could not be decoded were read as surrogates and are written as they came.
        self._file = path.open("w", encoding=encoding, errors="surrogateescape", newline="")
        self._csv = csv.writer(self._file, delimiter=delimiter, lineterminator="\n")
        if form == "csv":
            self._csv.writerow([*columns, *_ADDED])

    def write(self, row: Row, flaws: Sequence[Flaw]) -> None:
        """Write a row with what is wrong with it."""
        self.count += 1
        added = (row.line, "; ".join(flaw.column for flaw in flaws), "; ".join(flaw.detail for flaw in flaws))
        if self._form == "csv":
            self._csv.writerow([*(row.cells.get(column, "") for column in self._columns), *added])
            return
        cells = {name: text for name, text in row.cells.items() if name not in _ADDED}
        self._file.write(json.dumps(cells | dict(zip(_ADDED, added, strict=True)), ensure_ascii=True) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self.count == 0:
            with suppress(FileNotFoundError):
                self.path.unlink()
