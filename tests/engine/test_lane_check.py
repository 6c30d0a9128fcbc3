"""What forbids a lane table, by field, and what it is warned of."""

from datetime import date

import pytest

from troth.engine.carriage.lane_check import LANES_MAX, check_lanes, lint_known, lint_lanes
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.model.ids import NodeId
from troth.model.lanes import Lane, LaneTable, PlaceHolidays

GOOD = LaneTable(
    (
        Lane(node=NodeId("N"), service="standard", country="us", region="IL", postcode_prefix="606", transit_days=0),
        Lane(country="US", zone=3),
    ),
    (PlaceHolidays("US", (date(2026, 12, 25),), region="IL"),),
)


def test_a_sound_table_has_no_findings() -> None:
    assert (check_lanes(GOOD), lint_lanes(GOOD)) == ((), ())


@pytest.mark.parametrize(
    ("lane", "pointer"),
    [
        (Lane(country="USA", zone=0), "/lanes/0/country"),
        (Lane(region="IL", zone=0), "/lanes/0/region"),
        (Lane(service="Next Day", zone=0), "/lanes/0/service"),
        (Lane(country="US"), "/lanes/0"),
        (Lane(zone=-1), "/lanes/0/zone"),
        (Lane(transit_days=366), "/lanes/0/transit_days"),
        (Lane(transit_days=-1), "/lanes/0/transit_days"),
    ],
)
def test_each_flaw_of_a_row_is_named_by_its_field(lane: Lane, pointer: str) -> None:
    assert [finding.pointer for finding in check_lanes(LaneTable((lane,)))] == [pointer]


def test_holidays_need_a_country_and_days() -> None:
    table = LaneTable(holidays=(PlaceHolidays("Mars", ()),))

    assert [finding.pointer for finding in check_lanes(table)] == ["/holidays/0/country", "/holidays/0/days"]


def test_a_table_has_a_size_and_a_check_a_hundred_findings_at_most() -> None:
    large = LaneTable((Lane(zone=0),) * (LANES_MAX + 1))
    bad = LaneTable((Lane(zone=-1),) * 500)

    assert [finding.pointer for finding in check_lanes(large)] == ["/lanes"]
    assert len(check_lanes(bad)) == 100


def test_rows_that_another_hides_and_prefixes_of_every_country_are_warned_of() -> None:
    table = LaneTable(
        (
            Lane(country="us", postcode_prefix="6 06", transit_days=2, zone=1),
            Lane(country="US", postcode_prefix="606", transit_days=3),
            Lane(postcode_prefix="9", zone=2),
        )
    )

    assert [(finding.pointer, finding.sentence) for finding in lint_lanes(table)] == [
        ("/lanes/0/transit_days", "is hidden by row 1, of the same lane"),
        ("/lanes/2/postcode_prefix", "fits postcodes of every country"),
    ]


def test_what_a_table_names_that_there_is_not_is_worth_a_second_look() -> None:
    table = LaneTable(
        (
            Lane(node=NodeId("NOWHERE"), service="standard", zone=1),
            Lane(service="warp", transit_days=1),
            Lane(service="standard", zone=50),
            Lane(service="standard", country="US", region="California", served=False),
        )
    )

    found = [
        (finding.pointer, finding.detail) for finding in (*lint_lanes(table), *lint_known(table, (), DEFAULT_CARDS))
    ]

    assert found == [
        ("/lanes/3/region", "California is no region of US; write CA"),
        ("/lanes/0/node", "there is no node NOWHERE"),
        ("/lanes/1/service", "there is no service warp"),
        ("/lanes/2/zone", "is behind the last zone, which is 6: that counts"),
    ]
