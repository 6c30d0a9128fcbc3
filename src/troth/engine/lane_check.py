"""What keeps a lane table from being used, and what is seldom meant in one: each finding with the field it is in."""

import re
from collections.abc import Iterable
from typing import Final

from troth.model.document import Finding
from troth.model.lanes import Lane, LaneTable, PlaceHolidays

LANES_MAX: Final = 200_000
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_SERVICE: Final = re.compile(r"[a-z0-9_]{1,64}")
_DAYS_MAX: Final = 365
_ZONES_MAX: Final = 1_000
_FINDINGS_MAX: Final = 100


def check_lanes(table: LaneTable) -> tuple[Finding, ...]:
    """Everything that forbids a lane table, up to a hundred findings; nothing where it can be used."""
    if len(table.lanes) > LANES_MAX:
        return (Finding("/lanes", f"must have at most {LANES_MAX:,} rows, not {len(table.lanes):,}"),)
    found: list[Finding] = []
    for number, lane in enumerate(table.lanes):
        found += _check_lane(lane, f"/lanes/{number}")
    for number, place in enumerate(table.holidays):
        found += _check_place(place, f"/holidays/{number}")
    return tuple(found[:_FINDINGS_MAX])


def lint_lanes(table: LaneTable) -> tuple[Finding, ...]:
    """What is allowed in a lane table, but seldom meant: rows that another one hides, and prefixes of every country."""
    found: list[Finding] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, lane in enumerate(table.lanes):
        if lane.postcode_prefix and not lane.country:
            found.append(Finding(f"/lanes/{number}/postcode_prefix", "fits postcodes of every country"))
        prefix = "".join(lane.postcode_prefix.split()).upper()
        for name, value in (("zone", lane.zone), ("transit_days", lane.transit_days)):
            if value is not None:
                key = (name, lane.node, lane.service, lane.country.upper(), lane.region.upper(), prefix)
                if key in seen:
                    found.append(Finding(f"/lanes/{seen[key]}/{name}", f"is hidden by row {number}, of the same lane"))
                seen[key] = number
    return tuple(found[:_FINDINGS_MAX])


def _check_lane(lane: Lane, pointer: str) -> Iterable[Finding]:
    if lane.country and not _COUNTRY.fullmatch(lane.country):
        yield Finding(f"{pointer}/country", "must be an ISO 3166 alpha-2 code, or empty for all")
    if lane.region and not lane.country:
        yield Finding(f"{pointer}/region", "must come with its country")
    if lane.service and not _SERVICE.fullmatch(lane.service):
        yield Finding(f"{pointer}/service", "must be 1 to 64 lower-case letters, digits and underscores, or empty")
    if lane.zone is None and lane.transit_days is None:
        yield Finding(pointer, "must say a zone, transit_days or both")
    if lane.zone is not None and not 0 <= lane.zone < _ZONES_MAX:
        yield Finding(f"{pointer}/zone", "must be from 0, which is the nearest")
    if lane.transit_days is not None and not 0 <= lane.transit_days <= _DAYS_MAX:
        yield Finding(f"{pointer}/transit_days", f"must be from 0 to {_DAYS_MAX}")


def _check_place(place: PlaceHolidays, pointer: str) -> Iterable[Finding]:
    if not _COUNTRY.fullmatch(place.country):
        yield Finding(f"{pointer}/country", "must be an ISO 3166 alpha-2 code")
    if not place.days:
        yield Finding(f"{pointer}/days", "must name at least one day")
