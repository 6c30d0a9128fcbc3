"""Pages of lists: opaque cursors, limits, and the Link header of RFC 8288."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from pydantic import Field

from troth.http.edge.body import Query
from troth.http.edge.operations import Call
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.codec import decode, encode_bytes

T = TypeVar("T")
Row = TypeVar("Row")


class PageQuery(Query):
    """Which page of a list: at most `limit` items, after the place where `cursor` points."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many items at most.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=500, description="`next` of the page before; left out: the start.")
    ] = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; `next` is the cursor of the following page, null on the last."""

    items: tuple[T, ...]
    next: str | None


def encode_cursor(position: Sequence[object]) -> str:
    """The place in a list as text that means nothing to a client.

    >>> encode_cursor(("A-1", 2))
    'WyJBLTEiLDJd'
    """
    return urlsafe_b64encode(encode_bytes(position)).decode().rstrip("=")


def decode_cursor(cursor: str | None, type_: type[T]) -> T | None:
    """The place that a cursor stands for, as a tuple type; None for none; Refused where it is not one of ours.

    >>> decode_cursor("WyJBLTEiLDJd", tuple[str, int])
    ('A-1', 2)
    """
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if b"\\u0000" in text:
            raise ValueError("PostgreSQL's text cannot hold NUL")
        return decode(text, type_)
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise Refused(
            Invalid((FieldFlaw("?cursor", "is not a cursor of this list; leave it out to start over"),))
        ) from None


def page_reply(
    call: Call[Any, Any],
    rows: Sequence[Row],
    *,
    limit: int,
    shown: Callable[[Row], object],
    position: Callable[[Row], Sequence[object]],
) -> Reply:
    """The page that up to `limit` + 1 rows make: the one too many only tells that there is a next page."""
    kept = rows[:limit]
    following = encode_cursor(position(kept[-1])) if len(rows) > limit else None
    headers = ((("link", _link(call, following)),)) if following else ()
    return json_reply(Page(tuple(shown(row) for row in kept), following), headers=headers)


def _link(call: Call[Any, Any], cursor: str) -> str:
    given = parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = urlencode([*((name, value) for name, value in given if name != "cursor"), ("cursor", cursor)])
    return f'<{call.scope["path"]}?{query}>; rel="next"'
