"""Boxes at post offices, and the posts of armed forces abroad: which services go there."""

from dataclasses import replace

import pytest

from tests.engine.test_card_reach import NEAR, ask, services, world
from tests.engine.worlds import HERE, flat_card, reasons
from troth.engine.carriage.unserved import find_unserved
from troth.flows.places.places import locate
from troth.model.network import Address


@pytest.mark.parametrize(
    "lines",
    [
        ("PO Box 12", ""),
        ("p.o. box #7", ""),
        ("P O BOX 9", ""),
        ("POB 41", ""),
        ("Post Office Box 3", ""),
        ("350 5th Ave", "P.O.Box 12"),
        ("GPO Box 400", ""),
        ("Locked Bag 5", ""),
        ("Postfach 10 01 12", ""),
        ("Packstation 145", ""),
        ("BP 42", ""),
        ("Apartado de correos 17", ""),
    ],
)
def test_a_card_that_passes_post_office_boxes_by_goes_to_none(lines: tuple[str, str]) -> None:
    box = replace(HERE, line1=lines[0], line2=lines[1])
    net = world(flat_card(500), flat_card(300, service="van_only", no_po_boxes=True))

    unserved = find_unserved(net, box)[0]
    refused = ask(net, box, service="van_only")

    assert (unserved.service, unserved.why) == ("van_only", "does not go to post office boxes")
    assert (services(ask(net, box)), services(ask(net, HERE))) == (["standard"], ["van_only"])
    assert (reasons(refused), refused.uncovered[0].detail) == (
        {"A": (1, "no_service_to_destination")},
        "van_only does not go to post office boxes",
    )


@pytest.mark.parametrize("street", ["12 Boxwood Court", "350 Post Road", "7 Poboxton Lane", "8 Postal Way", "1 BPW St"])
def test_a_street_is_no_post_office_box(street: str) -> None:
    assert services(ask(world(flat_card(500, no_po_boxes=True)), replace(HERE, line1=street))) == ["standard"]


def test_the_built_in_van_and_next_day_go_to_no_post_office_box() -> None:
    net = world(**NEAR)

    boxed = find_unserved(net, replace(HERE, line1="PO Box 1"))

    assert [one.service for one in boxed] == ["next_day", "delivery"]
    assert find_unserved(net, replace(HERE, line1="1 Main Street")) == ()


@pytest.mark.parametrize(("city", "postcode"), [("APO", "09012"), ("FPO", "96601"), ("DPO", "34001")])
def test_armed_forces_abroad_are_known_by_their_zip_and_not_reached_next_day(city: str, postcode: str) -> None:
    there = locate(Address("US", line1="PSC 3 Box 5", city=city, postcode=postcode))

    unserved = {one.service: one.why for one in find_unserved(world(**NEAR), there)}

    assert unserved == {
        "next_day": f"does not go to US-{there.region_code}",
        "delivery": "goes 25 miles at most, and where the address lies is not known",
    }
    assert services(ask(world(), there)) == ["standard"]
