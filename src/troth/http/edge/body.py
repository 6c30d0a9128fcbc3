"""Reading what clients send: request bytes straight into frozen models, and every flaw by the name of its field."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from starlette.types import Receive, Scope

from troth.http.edge.headers import find_header
from troth.http.edge.problems import BodyTooLarge, MalformedJson, MediaTypeUnsupported, Refused
from troth.http.edge.sifted import Flawed, by_line, without_lines
from troth.http.edge.unique_keys import find_repeated
from troth.http.edge.wanted import tell_wanted
from troth.model.money import Money, currency_decimals, parse_money, why_no_currency
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass

T = TypeVar("T")
Q = TypeVar("Q", bound=BaseModel)

BODY_BYTES_MAX: Final = 10_000_000
QUANTITY_MAX: Final = 1_000_000
_FLAWS_MAX: Final = 100
_GZIP: Final = b"\x1f\x8b"
"""How every gzip stream begins, and no JSON does."""
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_AMOUNT_MINOR_MAX: Final = 10**15

# PostgreSQL's text cannot hold NUL; other control characters have no place in a name or an id either.
_PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"


class Strict(BaseModel):
    """The base of every body: frozen, no conversions, unknown fields are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Query(BaseModel):
    """The base of every operation's query parameters: frozen, converted from text, unknown ones are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoQuery(Query):
    """No query parameters."""


def _in_our_time(at: datetime) -> datetime:
    if not _EARLIEST <= at < _LATEST:
        raise PydanticCustomError("out_of_time", "must be a time from 2000 to 2099")
    return at.astimezone(UTC)


def _in_use(code: str) -> str:
    why = why_no_currency(code)
    if why:
        raise PydanticCustomError("no_currency", "{why}", {"why": why})
    return code


Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_PLAIN)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=_PLAIN)]
Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"),
]
LotName = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[^\x00-\x20\x7f/](?:[^\x00-\x1f\x7f/]*[^\x00-\x20\x7f/])?$"),
    Field(description="The lot that holds the units; without one they are those that no lot holds."),
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_in_use)]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]


class MoneyBody(Strict):
    """An amount of money: decimal text, so that no reader rounds it, and an ISO 4217 currency."""

    amount: Annotated[str, StringConstraints(max_length=24, pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
    currency: Currency

    def parse(self, pointer: str) -> Money:
        """The money, or a refusal that names the field."""
        try:
            money = _money(self.amount, self.currency)
        except ValueError:
            decimals = currency_decimals(self.currency)
            raise Refused(
                Invalid((FieldFlaw(f"{pointer}/amount", f"{self.currency} has {decimals} decimals, not more"),))
            ) from None
        if abs(money.minor) > _AMOUNT_MINOR_MAX:
            raise Refused(Invalid((FieldFlaw(f"{pointer}/amount", "is more money than there is"),)))
        return money


@lru_cache(maxsize=16_384)
def _money(amount: str, currency: str) -> Money:
    """As `parse_money`, for prices that come again and again."""
    return parse_money(amount, currency)


@dataclass(frozen=True, slots=True)
class Body(Generic[T]):
    """What an operation takes as its body: how it is read, an example, and whether none at all means `{}`.

    `alternatives` are tags of what it may be instead of one another, which are no part of a pointer. `lines` names the
    list in it whose entries are done or refused each for itself; empty: there is none.
    """

    adapter: TypeAdapter[T]
    example: Any
    is_optional: bool = False
    alternatives: frozenset[str] = frozenset()
    lines: str = ""

    def parse_lines(self, raw: bytes) -> tuple[T, Flawed]:
        """The body's value without those lines of its list that do not fit, and their flaws by place; Refused where
        anything else does not fit, or no line does.
        """
        if not self.lines:
            return self.parse(raw), {}
        try:
            return self.parse(raw), {}
        except Refused as refused:
            flaws = self._find_flawed(raw)
            left = without_lines(raw, self.lines, set(flaws)) if flaws else None
            if left is None:
                raise refused from None
            return self.parse(left), flaws

    def _find_flawed(self, raw: bytes) -> Flawed:
        """The flaws of lines by place; empty where anything but lines has any."""
        flaws: list[FieldFlaw] = []
        try:
            self.adapter.validate_json(raw)
        except ValidationError as error:
            if any(one["type"] == "json_invalid" for one in error.errors(include_url=False, include_input=False)):
                return {}
            flaws += map(_flaw, _errors(error))
        flaws += find_repeated(raw)
        return by_line(self.lines, flaws) if all(flaw.pointer.startswith(f"/{self.lines}/") for flaw in flaws) else {}

    def parse(self, raw: bytes) -> T:
        """The body's value; Refused with every flaw otherwise."""
        try:
            found = self.adapter.validate_json(raw or b"{}" if self.is_optional else raw)
        except ValidationError as error:
            raise Refused(_no_of(error, self.alternatives)) from None
        repeated = find_repeated(raw) if raw else ()
        if repeated:
            raise Refused(Invalid(repeated[:_FLAWS_MAX]))
        return found


async def read_bytes(scope: Scope, receive: Receive) -> bytes:
    """The whole body; Refused where it is too large or not sent as JSON."""
    if (find_header(scope, b"content-length") or "0") > "0" or find_header(scope, b"transfer-encoding") is not None:
        given = find_header(scope, b"content-type")
        media_type = "application/json" if given is None else given.partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise Refused(MediaTypeUnsupported(media_type))
    raw = await read_raw(receive)
    if raw.startswith(_GZIP):
        raise Refused(MediaTypeUnsupported("a gzip stream"))
    return raw


async def read_raw(receive: Receive, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The whole body, whatever it is; Refused where it is too large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(MalformedJson("the client went away before the body ended"))
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            raise Refused(BodyTooLarge(bytes_max))
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parse_query(model: type[Q], query_string: bytes) -> Q:
    """The query parameters; Refused where one is unknown, given twice without being a list, or unfit."""
    return _parse_query(model, query_string) if query_string else _unasked(model)


@cache
def _unasked(model: type[Q]) -> Q:
    """The parameters of a request without any, which most are; models are frozen, so that one may serve all."""
    return _parse_query(model, b"")


def _parse_query(model: type[Q], query_string: bytes) -> Q:
    given: dict[str, Any] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        given.setdefault(name, []).append(value)
    flaws = []
    for name, values in list(given.items()):
        if not _is_list(model, name):
            given[name] = values[0]
            if len(values) > 1:
                flaws.append(FieldFlaw(f"?{name}", "is given more than once"))
        if name in model.model_fields and not any(values):
            del given[name]  # `?status=` asks for nothing in particular
    if flaws:
        raise Refused(Invalid(tuple(flaws)))
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Refused(Invalid(flaws_of(error, prefix="?"))) from None


def flaws_of(error: ValidationError, *, prefix: str = "/", alternatives: Collection[str] = ()) -> tuple[FieldFlaw, ...]:
    """Every field that does not fit, at most a hundred, with a sentence each."""
    return tuple(_flaw(found, prefix, alternatives) for found in _errors(error))[:_FLAWS_MAX]


def _errors(error: ValidationError) -> list[ErrorDetails]:
    errors = error.errors(include_url=False, include_input=False)
    return [found for found in errors if not _is_echo(found, errors)]


def _flaw(found: ErrorDetails, prefix: str = "/", alternatives: Collection[str] = ()) -> FieldFlaw:
    what = "parameter" if prefix == "?" else "field"
    return FieldFlaw(_pointer(_without_tag(found["loc"], alternatives), prefix), tell_wanted(found, what))


def _no_of(error: ValidationError, alternatives: Collection[str]) -> Invalid | MalformedJson:
    for found in error.errors(include_url=False, include_input=False):
        if found["type"] == "json_invalid":
            return MalformedJson(str(found["ctx"]["error"]))
    return Invalid(flaws_of(error, alternatives=alternatives))


def _without_tag(location: Sequence[int | str], alternatives: Collection[str]) -> Sequence[int | str]:
    """The place without tags of alternatives: a tag comes first, or after the number of a list's entry."""
    return [
        part
        for at, part in enumerate(location)
        if part not in alternatives or not (at == 0 or isinstance(location[at - 1], int))
    ]


def _is_echo(found: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only called too short because its items have flaws, which are named themselves."""
    depth = len(found["loc"])
    return found["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == found["loc"] for other in errors
    )


def _pointer(location: Sequence[int | str], prefix: str) -> str:
    """An RFC 6901 pointer, or the name of a query parameter.

    >>> _pointer(("lines", 0, "unit/price"), "/")
    '/lines/0/unit~1price'
    """
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    return prefix + "/".join(parts) if parts else ""


def _is_list(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and any(get_origin(kind) in (tuple, list) for kind in _alternatives(field.annotation))


def _alternatives(annotation: Any) -> Iterable[Any]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
