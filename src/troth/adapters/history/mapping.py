"""What the columns of a file of order history mean, as a TOML file declares it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

FileFormat = Literal["csv", "jsonl"]


class MappingWrong(Exception):
    """The mapping cannot be used, or does not fit the file; the message says where and why."""


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a field comes from: a column of the file, or the same text for all orders.

    `pattern` must match the whole text, and its first group, where it has one, is what is taken of it. Then `values`
    replaces some texts by others. `format` (as strptime has it; none: ISO 8601) and `time_zone` are for times.
    """

    column: str = ""
    constant: str = ""
    required: bool = False
    pattern: str = ""
    values: dict[str, str] = {}
    upper: bool = False
    format: str = ""
    time_zone: str = ""


Given = str | Field


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The fields of an order line that a file may give; a plain text names a column."""

    external_id: Given
    sku: Given
    quantity: Given
    ordered_at: Given
    channel: Given
    currency: Given
    line_id: Given = Field()
    unit_price: Given = Field()
    item_name: Given = Field()
    customer_id: Given = Field()
    customer_name: Given = Field()
    customer_email: Given = Field()
    customer_phone: Given = Field()
    method: Given = Field()
    pickup_node: Given = Field()
    service: Given = Field()
    name: Given = Field()
    line1: Given = Field()
    line2: Given = Field()
    city: Given = Field()
    region: Given = Field()
    postcode: Given = Field()
    country: Given = Field()


class SkipRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows that are no order lines, and why: those whose column matches, is one of, is below, or is empty."""

    column: str
    reason: str
    matches: str = ""
    one_of: frozenset[str] = frozenset()
    below: float | None = None
    empty: bool = False


class HistoryMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that must be known of a file: its form, its fields, what to skip, and what to make where it is missing."""

    fields: Fields
    format: FileFormat | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    skip: tuple[SkipRule, ...] = ()
    create_items: bool = False
    stock: Literal["none", "as_needed"] = "none"
    stock_node: str = ""

    def field(self, name: str) -> Field:
        """One field; empty where the mapping does not give it."""
        given = getattr(self.fields, name)
        return Field(column=given) if isinstance(given, str) else given

    def columns(self) -> frozenset[str]:
        """Every column that the mapping names."""
        fields = (self.field(name) for name in Fields.__struct_fields__)
        return frozenset({field.column for field in fields if field.column} | {rule.column for rule in self.skip})


ALWAYS_REQUIRED: Final = ("external_id", "sku", "quantity", "ordered_at", "channel", "currency")
"""The fields without which no row is an order line."""


def read_mapping(path: Path) -> HistoryMapping:
    """The mapping that a TOML file declares; raises MappingWrong, which names every flaw."""
    try:
        mapping = msgspec.toml.decode(path.read_bytes(), type=HistoryMapping)
    except OSError as error:
        raise MappingWrong(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise MappingWrong(f"{path}: {error}") from error
    flaws = list(_flaws(mapping))
    if flaws:
        raise MappingWrong(f"{path}: {'; '.join(flaws)}")
    return mapping


def _flaws(mapping: HistoryMapping) -> Iterator[str]:
    for name in Fields.__struct_fields__:
        field = mapping.field(name)
        if field.column and field.constant:
            yield f"fields.{name} has both a column and a constant"
        if name in ALWAYS_REQUIRED and not (field.column or field.constant):
            yield f"fields.{name} needs a column or a constant"
        yield from _pattern_flaws(f"fields.{name}.pattern", field.pattern)
        if (field.format or field.time_zone) and name != "ordered_at":
            yield f"fields.{name} is no time: only ordered_at has a format and a time_zone"
        if field.time_zone and not _is_time_zone(field.time_zone):
            yield f"fields.{name}.time_zone: there is no time zone {field.time_zone}"
    for number, rule in enumerate(mapping.skip, start=1):
        yield from _pattern_flaws(f"skip rule {number}: matches", rule.matches)
        if sum((bool(rule.matches), bool(rule.one_of), rule.below is not None, rule.empty)) != 1:
            yield f"skip rule {number} needs exactly one of matches, one_of, below and empty"
    if len(mapping.delimiter) != 1:
        yield "delimiter must be a single character"
    if not _keeps_newlines(mapping.encoding):
        yield f"encoding {mapping.encoding} is unknown, or none that keeps line ends as single bytes"
    if (mapping.stock == "as_needed") != bool(mapping.stock_node):
        yield 'stock = "as_needed" and stock_node belong together'


def _pattern_flaws(where: str, pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield f"{where} is no regular expression: {error}"


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _keeps_newlines(encoding: str) -> bool:
    try:
        return "a\n".encode(encoding) == b"a\n"
    except LookupError:
        return False
