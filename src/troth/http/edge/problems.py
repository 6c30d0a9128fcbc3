"""Every no in the words of HTTP: RFC 9457 problem details, for refusals and for what HTTP itself refuses."""

from dataclasses import fields
from inspect import cleandoc
from typing import Any, ClassVar, Final

import msgspec

from troth.http.edge.replies import Reply
from troth.model.money import Money
from troth.model.refusals import (
    Busy,
    ContentDiffers,
    FixOutdated,
    Forbidden,
    Held,
    HoldLimit,
    Invalid,
    KeyReused,
    LiftReserved,
    NotFound,
    NotPossibleNow,
    OfferedNow,
    OverCalled,
    PickupLocked,
    QuoteOutdated,
    Refusal,
    ShortLine,
    StockShort,
    Unauthorized,
    VersionConflict,
    WorkWithdrawn,
)
from troth.model.value import dataclass
from troth.store.codec import encode_bytes

TYPE_BASE: Final = "/problems/"
_RETRY_AFTER_SECONDS: Final = "1"


@dataclass(frozen=True, slots=True)
class MalformedJson:
    """The body is not valid JSON."""

    code: ClassVar[str] = "malformed-json"
    transient: ClassVar[bool] = False
    reason: str


@dataclass(frozen=True, slots=True)
class MediaTypeUnsupported:
    """The body must be sent as application/json."""

    code: ClassVar[str] = "unsupported-media-type"
    transient: ClassVar[bool] = False
    media_type: str


@dataclass(frozen=True, slots=True)
class BodyTooLarge:
    """The body is larger than this server reads; send it in parts."""

    code: ClassVar[str] = "body-too-large"
    transient: ClassVar[bool] = False
    bytes_max: int


@dataclass(frozen=True, slots=True)
class NoSuchPath:
    """No operation has this path; /docs lists those that there are."""

    code: ClassVar[str] = "no-such-path"
    transient: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class MethodNotAllowed:
    """This path does not take this method."""

    code: ClassVar[str] = "method-not-allowed"
    transient: ClassVar[bool] = False
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong here, not in the request; the log has it under the request id."""

    code: ClassVar[str] = "internal-error"
    transient: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The database cannot be reached at this moment; the same request can be sent again shortly."""

    code: ClassVar[str] = "unavailable"
    transient: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class WarmingUp:
    """The process has just started and still loads what it is going to be asked for; it is ready in some seconds."""

    code: ClassVar[str] = "warming-up"
    transient: ClassVar[bool] = True


Protest = (
    MalformedJson
    | MediaTypeUnsupported
    | BodyTooLarge
    | NoSuchPath
    | MethodNotAllowed
    | Failed
    | Unavailable
    | WarmingUp
)
"""What HTTP itself refuses, before anything is decided."""

No = Refusal | Protest

PROTESTS: Final[dict[str, type[Protest]]] = {
    protest.code: protest
    for protest in (
        MalformedJson,
        MediaTypeUnsupported,
        BodyTooLarge,
        NoSuchPath,
        MethodNotAllowed,
        Failed,
        Unavailable,
        WarmingUp,
    )
}

PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    StockShort.code: (409, "Insufficient inventory"),
    Invalid.code: (422, "Invalid request"),
    NotFound.code: (404, "Not found"),
    ContentDiffers.code: (409, "Order differs"),
    KeyReused.code: (409, "Idempotency key reused"),
    NotPossibleNow.code: (409, "Not possible now"),
    WorkWithdrawn.code: (409, "No longer the work of this node"),
    Held.code: (409, "Order on hold"),
    LiftReserved.code: (403, "Lifted by other roles"),
    FixOutdated.code: (409, "Fix outdated"),
    VersionConflict.code: (412, "Version conflict"),
    Busy.code: (503, "Busy"),
    HoldLimit.code: (409, "Too much held in carts"),
    QuoteOutdated.code: (409, "Quote outdated"),
    OverCalled.code: (409, "More than the blanket order has left"),
    PickupLocked.code: (409, "Pickup locked"),
    Unauthorized.code: (401, "Unauthorized"),
    Forbidden.code: (403, "Forbidden"),
    MalformedJson.code: (400, "Malformed JSON"),
    MediaTypeUnsupported.code: (415, "Unsupported media type"),
    BodyTooLarge.code: (413, "Body too large"),
    NoSuchPath.code: (404, "No such path"),
    MethodNotAllowed.code: (405, "Method not allowed"),
    Failed.code: (500, "Internal error"),
    Unavailable.code: (503, "Unavailable"),
    WarmingUp.code: (503, "Warming up"),
}
"""HTTP status and title of every code."""


class Refused(Exception):
    """Ends a request with a no, from wherever in the edge it is found; the endpoint turns it into a problem."""

    def __init__(self, no: No) -> None:
        super().__init__(no.code)
        self.no = no


class ProblemError(msgspec.Struct, frozen=True):
    """A field that cannot be used: an RFC 6901 pointer into the body, `?name` of a parameter, or a header's name."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details. Beside these members a problem bears the data of its refusal."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    transient: bool
    errors: list[ProblemError] = []


def problem_of(no: No) -> dict[str, Any]:
    """The members of the problem that a no is."""
    status, title = PROBLEMS[no.code]
    members: dict[str, Any] = {
        "type": TYPE_BASE + no.code,
        "title": title,
        "status": status,
        "detail": describe(no),
        "code": no.code,
        "transient": no.transient,
    }
    if isinstance(no, Invalid):
        return members | {"errors": no.flaws}
    return members | {field.name: getattr(no, field.name) for field in fields(no)}


def problem_reply(no: No) -> Reply:
    """The answer that a no gets."""
    headers: tuple[tuple[str, str], ...] = ()
    match no:
        case Unauthorized():
            headers = (("www-authenticate", 'Bearer realm="troth"'),)
        case MethodNotAllowed():
            headers = (("allow", ", ".join(no.allowed)),)
        case Busy():
            headers = (("retry-after", str(no.retry_seconds)),)
        case Unavailable() | WarmingUp():
            headers = (("retry-after", _RETRY_AFTER_SECONDS),)
        case _:
            pass
    return Reply(PROBLEMS[no.code][0], encode_bytes(problem_of(no)), headers, media_type="application/problem+json")


def sentence_of(no: No | type[No]) -> str:
    """The sentence with which a refusal's docstring begins: what follows it explains its data, to programmers."""
    return cleandoc((no if isinstance(no, type) else type(no)).__doc__ or "").partition("\n\n")[0]


def describe(no: No) -> str:
    """A text that a person can act on: the refusal's sentence, and what its data says.

    >>> describe(NotFound("order", "O-1"))
    'There is nothing by that name here: order O-1.'
    """
    sentence = sentence_of(no)
    told = _told(no)
    return f"{sentence.removesuffix('.')}: {told}." if told else sentence


def _told(no: No) -> str:
    match no:
        case StockShort():
            return "; ".join(map(_short, no.lines))
        case Invalid():
            return "; ".join(f"{flaw.pointer or 'body'}: {flaw.detail}" for flaw in no.flaws[:3])
        case NotFound():
            return f"{no.what} {no.id}"
        case ContentDiffers():
            return f"it is order {no.order_id}"
        case KeyReused():
            return no.key
        case NotPossibleNow():
            possible = ", ".join(no.possible)
            return no.told + (f"; possible now: {possible}" if possible else "")
        case WorkWithdrawn():
            return f"{no.fulfillment_id} at {no.node} is {no.state}"
        case Held():
            return ", ".join(no.holds)
        case FixOutdated():
            return f"{no.fix_id}; possible now: {', '.join(no.possible) or 'nothing'}"
        case LiftReserved():
            return f"{no.hold_id} is lifted by {', '.join(no.roles)}"
        case VersionConflict():
            return f"expected {no.expected}, found {no.found}"
        case HoldLimit():
            return f"{no.asked} are asked, {no.held} are kept already, and {no.units_max} may be"
        case QuoteOutdated():
            return "; ".join(map(_offered, no.options[:3])) or "nothing can be had at this moment"
        case OverCalled():
            return "; ".join((*(f"{one.quantity} of {one.sku}, {one.remaining} left" for one in no.lines), *_value(no)))
        case PickupLocked():
            return f"until {no.locked_until.isoformat()}"
        case Forbidden():
            return f"{no.scope}, for all nodes and customers" if no.is_bound else no.scope
        case MalformedJson():
            return no.reason
        case MediaTypeUnsupported():
            return f"got {no.media_type}"
        case BodyTooLarge():
            return f"at most {no.bytes_max} bytes"
        case MethodNotAllowed():
            return f"it takes {', '.join(no.allowed)}"
        case _:
            return ""


def _value(no: OverCalled) -> tuple[str, ...]:
    """What the value of a call-off comes to and what is left of it, where it is too much.

    >>> _value(OverCalled("BO-1", (), 5_100, 4_900, "USD"))
    ('51.00 USD, 49.00 USD left',)
    """
    if no.value_minor is None or no.remaining_minor is None:
        return ()
    asked, left = Money(no.value_minor, no.currency).amount, Money(no.remaining_minor, no.currency).amount
    return (f"{asked} {no.currency}, {left} {no.currency} left",)


def _offered(option: OfferedNow) -> str:
    where = f" at {option.node}" if option.node else ""
    when = f" by {option.promised_at.isoformat()}" if option.promised_at is not None else ""
    part = "" if option.is_complete else ", a part of it"
    return f"{option.plan_id}: {option.method} {option.service}".rstrip() + f"{where}{when}{part}"


def _short(line: ShortLine) -> str:
    promised = f"{line.available_quantity} could be promised"
    when = f" for {line.available_at.isoformat()}" if line.available_at is not None else ""
    reason = line.detail or line.reason.replace("_", " ")
    others = ", ".join(f"{other.quantity} of {other.sku}" for other in line.instead)
    instead = f"; instead there could be {others}" if others else ""
    for way in line.separately:
        wishes = " and ".join(name.replace("_", " ") for name in way.without)
        instead += f"; without {wishes} {way.quantity} could be there by {way.promised_at.isoformat()}"
    return (
        f"line {line.line_id}: {line.quantity} of {line.sku} cannot be promised ({reason}); {promised}{when}{instead}"
    )
