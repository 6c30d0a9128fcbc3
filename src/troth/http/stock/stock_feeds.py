"""Feeds of stock from other systems: CSV or JSON lines, taken in while they stream."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field

from troth.flows.stock import feeds
from troth.flows.stock.feed import Feed, FeedAccount, FeedReport
from troth.flows.stock.feed_rows import FeedCut, FeedForm, FeedFormat, RowFlaw
from troth.flows.stock.gunzip import gunzip
from troth.http.edge.body import Instant, Name, Query, Text
from troth.http.edge.headers import find_header
from troth.http.edge.idempotency import key_of
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown, Stream
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import path_id
from troth.http.edge.problems import MediaTypeUnsupported, Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant as At
from troth.model.ids import NodeId
from troth.model.refusals import Busy, FieldFlaw, Invalid
from troth.store.stock_feeds import StoredFeed

_FORMATS: Final[dict[str, FeedFormat]] = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/json-lines": "jsonl",
}


class FeedQuery(Query):
    """What is said of a feed beside its rows."""

    as_of: Annotated[Instant, Field(description="When it was so.", examples=["2026-11-23T06:00:00-05:00"])]
    mode: Annotated[
        Literal["positions", "deltas"],
        Field(description="Whether units are what is on hand (`on_hand`), or to be added (`delta`)."),
    ] = "positions"
    scope: Annotated[
        Literal["full", "partial"], Field(description="`full`: it has every position of the nodes that it names.")
    ] = "partial"
    missing: Annotated[
        Literal["keep", "zero"], Field(description="What to do about positions that a full feed does not name.")
    ] = "keep"
    node: Annotated[
        tuple[Text, ...], Field(max_length=1_000, description="Nodes it is about beside those of its rows.")
    ] = ()
    sequence: Annotated[
        int | None, Field(ge=0, le=2**53, description="Its number; older positions than the newest change nothing.")
    ] = None
    reference: Annotated[
        Name | None,
        Field(
            description="Which feed it is: each is taken in once. Left out: the key, the sequence or the as-of time."
        ),
    ] = None
    rows: Annotated[int | None, Field(ge=0, le=2**53, description="How many rows it must have.")] = None
    trailer: Annotated[bool, Field(description='Whether its last line must say that: `#rows,2` or `{"rows":2}`.')] = (
        False
    )
    reason: Annotated[Name, Field(description="What entries of the ledger shall say.")] = "feed"


class RowFlawAnswer(msgspec.Struct, frozen=True):
    """A row that was refused: its line, the column to blame, the reason, and the row as it came."""

    line: int
    column: str
    reason: str
    row: str


class FeedAnswer(msgspec.Struct, frozen=True):
    """What became of a feed, in rows. `units` is the balance of what moved on hand.

    `status`: `taken_in`; `incomplete`: it was cut, and goes on when it is sent again under its reference; `known`: it
    was taken in before; `outdated`: a newer one was. Of the refused rows at most a thousand are listed.
    """

    feed: str
    reference: str
    status: str
    detail: str
    rows: int
    accepted: int
    moved: int
    units: int
    outdated: int
    zeroed: int
    dated: int
    refused: int
    refused_rows: tuple[RowFlawAnswer, ...]


class FeedRow(msgspec.Struct, frozen=True):
    """A feed in a list."""

    reference: str
    sequence: int | None
    mode: str
    as_of: At
    is_whole: bool
    rows: int
    accepted: int
    moved: int
    refused: int
    actor: str
    started_at: At
    changed_at: At


async def post_stock_feed(call: Call[Nothing, FeedQuery]) -> Reply:
    """Take in a feed."""
    asked, name = call.query, path_id(call, "feed")
    if "/" in name:
        raise Refused(Invalid((FieldFlaw("feed", "must not contain a slash"),)))
    media_type = (find_header(call.scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media_type not in _FORMATS:
        raise Refused(MediaTypeUnsupported(media_type or "nothing"))
    packed = (find_header(call.scope, b"content-encoding") or "identity").strip().lower()
    if packed not in ("identity", "gzip", "x-gzip"):
        raise Refused(MediaTypeUnsupported(f"{media_type}, packed by {packed}"))
    key = key_of(call)
    sequence = None if asked.sequence is None else str(asked.sequence)
    reference = asked.reference or (key.key if key else None) or sequence
    if reference is None and asked.mode == "deltas":
        raise Refused(Invalid((FieldFlaw("?reference", "is required of movements, since they must not happen twice"),)))
    feed = Feed(
        name,
        asked.as_of,
        reference or asked.as_of.isoformat(),
        mode=asked.mode,
        sequence=asked.sequence,
        is_full=asked.scope == "full",
        zeroes_missing=asked.missing == "zero",
        rows=asked.rows,
        has_trailer=asked.trailer,
        nodes=tuple(map(NodeId, asked.node)),
        reason=asked.reason,
        form=FeedForm(_FORMATS[media_type]),
    )
    chunks = _chunks(call) if packed == "identity" else gunzip(_chunks(call))
    done = await feeds.take_in(call.system, feed, chunks, actor=call.actor)
    if not isinstance(done, FeedReport):
        raise Refused(done)
    return json_reply(_answer(name, done))


async def list_stock_feeds(call: Call[Nothing, PageQuery]) -> Reply:
    """A page of the feeds of a name, newest first."""
    name = path_id(call, "feed")
    asked = call.query
    before = decode_cursor(asked.cursor, tuple[datetime, str])
    found = await feeds.find(call.system, name, before=before, limit=asked.limit + 1, actor=call.actor)
    return page_reply(
        call, found, limit=asked.limit, shown=_answer_row, position=lambda one: (one.started_at, one.reference)
    )


async def _chunks(call: Call[Nothing, FeedQuery]) -> AsyncIterator[bytes]:
    """The body as it comes. A client that goes away leaves the feed incomplete: what came in whole rows is taken in."""
    more = call.receive is not None
    while more and call.receive is not None:
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise FeedCut("the client went away before the body ended")
        if message.get("body"):
            yield message["body"]
        more = message.get("more_body", False)


def _answer(feed: str, report: FeedReport) -> FeedAnswer:
    account = report.account
    return FeedAnswer(
        feed,
        report.reference,
        report.status,
        report.detail,
        account.rows,
        account.accepted,
        account.moved,
        account.units,
        account.outdated,
        account.zeroed,
        account.dated,
        account.refused,
        tuple(RowFlawAnswer(flaw.line, flaw.column, flaw.reason, flaw.text) for flaw in account.flaws),
    )


def _answer_row(stored: StoredFeed[FeedAccount]) -> FeedRow:
    account = stored.account
    return FeedRow(
        stored.reference,
        stored.sequence,
        stored.mode,
        stored.as_of,
        stored.is_whole,
        account.rows,
        account.accepted,
        account.moved,
        account.refused,
        stored.actor,
        stored.started_at,
        stored.changed_at,
    )


_FLAW: Final = RowFlaw(3, "sku", "there is no item A-1009", "A-1009,DC-PA,7")
_ACCOUNT: Final = FeedAccount(rows=2, accepted=1, moved=1, units=-2, refused=1, flaws=(_FLAW,))
_EXAMPLE: Final = _answer("WMS-EAST", FeedReport("N-311", "taken_in", "1 of 2 rows were accepted", _ACCOUNT))
_AT: Final = datetime.fromisoformat("2026-11-23T06:00:00-05:00")
_ROW: Final = _answer_row(
    StoredFeed("WMS-EAST", "N-311", 311, "positions", _AT, 2, "", True, _ACCOUNT, "key/wms", _AT, _AT)
)
_NAME: Final = (("feed", "WMS-EAST"),)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/feeds/{feed}",
        name="post_stock_feed",
        summary="Take in what another system says is on hand, or moved, while it streams",
        tag="inventory",
        run=post_stock_feed,
        shown=(Shown(200, "What became of the rows", FeedAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=FeedQuery,
        scope="feeds:write",
        refusals=(
            Invalid((FieldFlaw("?as_of", "a feed cannot have been taken in the future"),)),
            Busy(1),
        ),
        path_examples=_NAME,
        streams=(
            Stream("text/csv", "sku,node,on_hand\nA-1001,DC-PA,38\nA-1009,DC-PA,7\n"),
            Stream("application/x-ndjson", '{"sku": "A-1001", "node": "DC-PA", "on_hand": 38}\n'),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/inventory/feeds/{feed}",
        name="list_stock_feeds",
        summary="List the feeds of a name, newest first",
        tag="inventory",
        run=list_stock_feeds,
        shown=(Shown(200, "A page of feeds", Page[FeedRow], Page((_ROW,), None)),),
        body=NO_BODY,
        query=PageQuery,
        scope="feeds:read",
        path_examples=_NAME,
    ),
)
