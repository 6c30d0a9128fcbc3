"""The name of a network: decisions are made again from recordings that name it, whatever nodes may say since."""

from dataclasses import replace
from datetime import date, time

from tests.engine.worlds import flat_card, network, node
from troth.engine.carriage.rate_cards import FIRST_DELIVERY
from troth.engine.promising.record import digest_network
from troth.model.capacity import DayCapacity
from troth.model.network import Calendar, CutOff, DayHours, Node, SpecialDay

WEEK = Calendar((0, 1), time(9), time(17), (date(2026, 12, 25),))


def named(place: Node) -> str:
    return digest_network(network(place, cards=[flat_card(500), FIRST_DELIVERY]))


def test_a_network_has_the_name_that_it_had_before_days_could_have_hours_and_capacities_of_their_own() -> None:
    assert named(node("N", calendar=WEEK, capacity_per_day=5)) == "48b25f7d7a280a6c5e04eb52"


def test_what_is_said_of_days_is_part_of_the_name() -> None:
    plain = node("N", calendar=WEEK)
    others = [
        replace(plain, calendar=replace(WEEK, hours=(DayHours((0,), time(9), time(20)),))),
        replace(plain, calendar=replace(WEEK, special_days=(SpecialDay(date(2026, 12, 24), time(9), time(12)),))),
        replace(plain, cut_offs=(CutOff(time(12), "express"),)),
        replace(plain, capacity_days=(DayCapacity(dates=(date(2026, 11, 27),), capacity=9),)),
    ]

    assert len({named(place) for place in (plain, *others)}) == 5
