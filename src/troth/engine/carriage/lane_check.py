"""What keeps a lane table from being used, and what is seldom meant in one: each finding with the field it is in."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from troth.model.document import Finding
from troth.model.ids import NodeId
from troth.model.lanes import Lane, LaneTable, PlaceHolidays
from troth.model.network import RateCard
from troth.model.regions import has_regions, region_code

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
    """What is allowed in a lane table, but seldom meant: rows that another one hides, prefixes of every country, and
    regions that no address has.
    """
    found: list[Finding] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, lane in enumerate(table.lanes):
        if lane.postcode_prefix and not lane.country:
            found.append(Finding(f"/lanes/{number}/postcode_prefix", "fits postcodes of every country"))
        found += _lint_region(lane.country, lane.region, f"/lanes/{number}/region")
        prefix = "".join(lane.postcode_prefix.split()).upper()
        for name, value in (("zone", lane.zone), ("transit_days", lane.transit_days), ("served", lane.served)):
            if value is not None:
                key = (name, lane.node, lane.service, lane.country.upper(), lane.region.upper(), prefix)
                if key in seen:
                    found.append(Finding(f"/lanes/{seen[key]}/{name}", f"is hidden by row {number}, of the same lane"))
                seen[key] = number
    for number, place in enumerate(table.holidays):
        found += _lint_region(place.country, place.region, f"/holidays/{number}/region")
    return tuple(found[:_FINDINGS_MAX])


def lint_known(table: LaneTable, nodes: Collection[NodeId], cards: Sequence[RateCard]) -> tuple[Finding, ...]:
    """What a lane table names that there is not: nodes, services, and zones that no card of the service has."""
    zones: dict[str, int] = {}
    for card in cards:
        zones[card.service] = max(zones.get(card.service, 0), len(card.zone_miles))
    most = max(zones.values(), default=0)
    found: list[Finding] = []
    for number, lane in enumerate(table.lanes):
        if lane.node is not None and lane.node not in nodes:
            found.append(Finding(f"/lanes/{number}/node", f"there is no node {lane.node}"))
        if lane.service and lane.service not in zones:
            found.append(Finding(f"/lanes/{number}/service", f"there is no service {lane.service}"))
        count = zones.get(lane.service, most)
        if lane.zone is not None and lane.zone >= count > 0:
            found.append(
                Finding(f"/lanes/{number}/zone", f"is behind the last zone, which is {count - 1}: that counts")
            )
        if len(found) >= _FINDINGS_MAX:
            break
    return tuple(found[:_FINDINGS_MAX])


def _lint_region(country: str, region: str, pointer: str) -> Iterable[Finding]:
    """A region that no address has: such as a name, where addresses have codes."""
    if region and has_regions(country) and region_code(country, region) != region.upper():
        code = region_code(country, region)
        yield Finding(pointer, f"{region} is no region of {country}" + (f"; write {code}" if code else ""))


def _check_lane(lane: Lane, pointer: str) -> Iterable[Finding]:
    if lane.country and not _COUNTRY.fullmatch(lane.country):
        yield Finding(f"{pointer}/country", "must be an ISO 3166 alpha-2 code, or empty for all")
    if lane.region and not lane.country:
        yield Finding(f"{pointer}/region", "must come with its country")
    if lane.service and not _SERVICE.fullmatch(lane.service):
        yield Finding(f"{pointer}/service", "must be 1 to 64 lower-case letters, digits and underscores, or empty")
    if lane.zone is None and lane.transit_days is None and lane.served is None:
        yield Finding(pointer, "must say a zone, transit_days or whether it is served")
    if lane.zone is not None and not 0 <= lane.zone < _ZONES_MAX:
        yield Finding(f"{pointer}/zone", "must be from 0, which is the nearest")
    if lane.transit_days is not None and not 0 <= lane.transit_days <= _DAYS_MAX:
        yield Finding(f"{pointer}/transit_days", f"must be from 0 to {_DAYS_MAX}")


def _check_place(place: PlaceHolidays, pointer: str) -> Iterable[Finding]:
    if not _COUNTRY.fullmatch(place.country):
        yield Finding(f"{pointer}/country", "must be an ISO 3166 alpha-2 code")
    if not place.days:
        yield Finding(f"{pointer}/days", "must name at least one day")
