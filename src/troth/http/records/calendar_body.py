"""What clients send about the days of a node: hours, cut-offs, shifts and capacities."""

from collections.abc import Iterator, Sequence
from datetime import date, time
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from troth.engine.carriage.node_load import turn_of
from troth.flows.places.public_holidays import is_calendar
from troth.http.edge.body import Strict
from troth.http.edge.problems import Refused
from troth.model.capacity import Shift
from troth.model.network import LOCAL, Calendar, DayHours, SpecialDay
from troth.model.refusals import FieldFlaw, Invalid

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _number_of_day(given: object) -> object:
    if not isinstance(given, str):
        return given
    if given not in WEEKDAYS:
        raise PydanticCustomError("unknown_weekday", "must be a weekday such as monday, or 0 (Monday) to 6")
    return WEEKDAYS.index(given)


Weekday = Annotated[
    int,
    BeforeValidator(_number_of_day),
    Field(ge=0, le=6),
    WithJsonSchema({"anyOf": [{"enum": list(WEEKDAYS)}, {"type": "integer", "minimum": 0, "maximum": 6}]}),
]


def _of_a_day(clock: time) -> time:
    if clock.tzinfo is not None:
        raise PydanticCustomError("zoned_time", "must have no offset: it is meant in the node's time zone")
    return clock.replace(second=0, microsecond=0)


def _known_calendar(name: str) -> str:
    if name != LOCAL and not is_calendar(name):
        raise PydanticCustomError(
            "unknown_calendar", "must be local, or a calendar of public holidays such as US, DE-BY or US-carriers"
        )
    return name


HolidayCalendar = Annotated[str, AfterValidator(_known_calendar), Field(max_length=20)]
TimeOfDay = Annotated[time, AfterValidator(_of_a_day)]


class DayHoursBody(Strict):
    """The hours of some weekdays, where they are others. What closes before it opens closes on the next day."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    opens: TimeOfDay
    closes: TimeOfDay


class SpecialDayBody(Strict):
    """A date with hours of its own, longer or shorter ones, also where it is no working day of the week."""

    date: date
    opens: TimeOfDay
    closes: TimeOfDay
    cut_off: Annotated[TimeOfDay | None, Field(description="null: as on other days.")] = None


class CutOffBody(Strict):
    """The last time for work of the same day, for one service or all of them, on some weekdays or all of them."""

    at: TimeOfDay
    service: Annotated[str, Field(max_length=100, description="Empty: every service.")] = ""
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = tuple(range(7))


class CalendarBody(Strict):
    """When the node works, in its own time zone. Weekdays by name, or by number with Monday as 0.

    Hours that close before they open, such as 22:00 to 06:00, close on the next day; equal times are a day and a night.
    """

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = tuple(range(7))
    opens: TimeOfDay = time(0, 0)
    closes: TimeOfDay = time(23, 59)
    holidays: Annotated[tuple[date, ...], Field(max_length=1000)] = ()
    hours: Annotated[tuple[DayHoursBody, ...], Field(max_length=7, description="Of weekdays that have others.")] = ()
    special_days: Annotated[tuple[SpecialDayBody, ...], Field(max_length=1000)] = ()
    public_holidays: Annotated[
        tuple[HolidayCalendar, ...],
        Field(max_length=10, description="Days off besides, by country or region; local: those of its address."),
    ] = ()

    def calendar(self) -> Calendar:
        """The calendar that this is; Refused where two of its parts say different things of one day."""
        flaws = [*self._flaws_of_hours(), *self._flaws_of_special_days()]
        if flaws:
            raise Refused(Invalid(tuple(flaws)))
        return Calendar(
            tuple(sorted(set(self.weekdays))),
            self.opens,
            self.closes,
            tuple(sorted(set(self.holidays))),
            tuple(DayHours(tuple(sorted(set(row.weekdays))), row.opens, row.closes) for row in self.hours),
            tuple(
                SpecialDay(row.date, row.opens, row.closes, row.cut_off)
                for row in sorted(self.special_days, key=lambda row: row.date)
            ),
            tuple(sorted(set(self.public_holidays))),
        )

    def _flaws_of_hours(self) -> Iterator[FieldFlaw]:
        seen: set[int] = set()
        for number, row in enumerate(self.hours):
            pointer = f"/calendar/hours/{number}/weekdays"
            for weekday in sorted(set(row.weekdays) - set(self.weekdays)):
                yield FieldFlaw(pointer, f"names {WEEKDAYS[weekday]}, on which the node does not work")
            for weekday in sorted(seen.intersection(row.weekdays)):
                yield FieldFlaw(pointer, f"names {WEEKDAYS[weekday]} a second time")
            seen.update(row.weekdays)

    def _flaws_of_special_days(self) -> Iterator[FieldFlaw]:
        seen = set(self.holidays)
        for number, row in enumerate(self.special_days):
            if row.date in seen:
                said = "is a holiday" if row.date in self.holidays else "is given twice"
                yield FieldFlaw(f"/calendar/special_days/{number}/date", said)
            seen.add(row.date)


class ShiftBody(Strict):
    """A part of the working day, from a time in the node's time zone, and what can be done in it."""

    begins: TimeOfDay
    capacity: Annotated[int, Field(ge=0, le=1_000_000_000)]


class DayCapacityBody(Strict):
    """What can be done on some weekdays or dates, where that is other than on the rest: in a day, or in each shift."""

    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = ()
    dates: Annotated[tuple[date, ...], Field(max_length=1000, description="They count before weekdays.")] = ()
    capacity: Annotated[
        Annotated[int, Field(ge=0, le=1_000_000_000)] | None, Field(description="null, without shifts: no limit.")
    ] = None
    shifts: Annotated[tuple[ShiftBody, ...], Field(max_length=24)] = ()


def is_in_order(shifts: Sequence[ShiftBody], hours: tuple[time, time]) -> bool:
    """Whether shifts begin one after the other in the hours (from, to) of a day."""
    begins = [shift.begins for shift in shifts]
    return len(set(begins)) == len(begins) and begins == sorted(begins, key=lambda at: turn_of(at, hours))


def shifts_of(shifts: Sequence[ShiftBody]) -> tuple[Shift, ...]:
    """The shifts that these are."""
    return tuple(Shift(shift.begins, shift.capacity) for shift in shifts)
