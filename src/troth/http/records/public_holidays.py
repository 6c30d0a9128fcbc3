"""The public holidays of a calendar, as nodes and carriers that name it keep them."""

from datetime import date
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.flows.places.public_holidays import YEARS, is_calendar, name_days
from troth.http.edge.body import Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.model.refusals import FieldFlaw, Invalid, NotFound


class HolidayAnswer(msgspec.Struct, frozen=True):
    """A day off, and its name."""

    date: date
    name: str


class HolidaysAnswer(msgspec.Struct, frozen=True):
    """The days of a calendar."""

    calendar: str
    days: tuple[HolidayAnswer, ...]


class HolidaysQuery(Query):
    """Of which days."""

    from_: Annotated[date | None, Field(alias="from", description="Left out: today.")] = None
    to: Annotated[date | None, Field(description="The last day; left out: as far as calendars go, 2050.")] = None


async def read_public_holidays(call: Call[Nothing, HolidaysQuery]) -> Reply:
    """The days of a calendar, in order."""
    calendar = call.path("calendar")
    if not is_calendar(calendar):
        raise Refused(NotFound("calendar", calendar))
    first = call.query.from_ or call.system.door.now().date()
    last = call.query.to or date(YEARS[-1], 12, 31)
    if last < first:
        raise Refused(Invalid((FieldFlaw("?to", "must not be before the first day"),)))
    days = name_days(calendar).items()
    return json_reply(
        HolidaysAnswer(calendar, tuple(HolidayAnswer(day, name) for day, name in days if first <= day <= last))
    )


_EXAMPLE: Final = HolidaysAnswer(
    "US",
    (HolidayAnswer(date(2026, 11, 26), "Thanksgiving Day"), HolidayAnswer(date(2026, 12, 25), "Christmas Day")),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/public-holidays/{calendar}",
        name="read_public_holidays",
        summary="The public holidays of a country, of a region, or of parcel carriers",
        tag="configuration",
        run=read_public_holidays,
        shown=(Shown(200, "The days, in order", HolidaysAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=HolidaysQuery,
        scope="configuration:read",
        refusals=(NotFound("calendar", "US"), Invalid((FieldFlaw("?to", "must not be before the first day"),))),
        path_examples=(("calendar", "US"),),
    ),
)
