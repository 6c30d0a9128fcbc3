"""The place around which a pickup is looked for: a point, or a postcode of which one is known."""

from collections.abc import Iterable
from dataclasses import replace

from troth.flows.places.places import find_zip
from troth.model.network import Address
from troth.model.refusals import FieldFlaw


def locate_point(near: Address) -> Address:
    """The place with its coordinates; never those of a whole country, which would be nearer to nobody."""
    if near.latitude is not None and near.longitude is not None:
        return near
    found = find_zip(near.country, near.postcode)
    return near if found is None else replace(near, latitude=found[0], longitude=found[1])


def find_near_flaws(near: Address | None, *, is_looked_for: bool) -> Iterable[FieldFlaw]:
    """Why a place says nothing, by field."""
    if near is None:
        return
    if not is_looked_for:
        yield FieldFlaw("/near", "has a meaning only together with plan_id")
    if (near.latitude is None) != (near.longitude is None):
        missing, given = ("latitude", "longitude") if near.latitude is None else ("longitude", "latitude")
        yield FieldFlaw(f"/near/{missing}", f"is required together with {given}")
    elif near.latitude is None and not near.postcode:
        yield FieldFlaw("/near", "needs latitude and longitude, or a postcode")
    elif near.latitude is None and find_zip(near.country, near.postcode) is None:
        where = f"the postcode {near.postcode} in {near.country}"
        yield FieldFlaw("/near/postcode", f"it is not known where {where} is: send latitude and longitude")
