"""The doors of a locker, as its vendor's software draws them from what the API says."""

from collections.abc import Mapping
from typing import Any

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Door:
    """A compartment by its number, and what lies behind its door (empty: nothing)."""

    number: int
    size: str
    order: str = ""
    is_over: bool = False


def doors_of(locker: Mapping[str, Any]) -> tuple[Door, ...]:
    """The doors of a locker as `GET /v1/lockers/{node_id}` answers it, by number.

    >>> lying = [{"compartment": 2, "external_id": "W-1", "status": "uncollected"}]
    >>> doors_of({"sizes": [{"name": "S", "numbers": [1, 2]}], "lying": lying})[1]
    Door(number=2, size='S', order='W-1', is_over=True)
    """
    lying = {one["compartment"]: one for one in locker["lying"]}
    doors = []
    for size in locker["sizes"]:
        for number in size["numbers"]:
            one = lying.get(number)
            if one is None:
                doors.append(Door(number, size["name"]))
            else:
                is_over = one["status"] in ("uncollected", "unclaimed")
                doors.append(Door(number, size["name"], one["external_id"], is_over))
    return tuple(sorted(doors, key=lambda door: door.number))
