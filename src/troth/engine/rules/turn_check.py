"""What is wrong about who comes first in a routing: its classes, their floors, and the share of those behind."""

from collections.abc import Iterable
from typing import Final

from troth.model.document import Finding
from troth.model.routing import Routing

_PERCENT_MAX: Final = 100
_UNITS_MAX: Final = 1_000_000_000


def check_turn(routing: Routing) -> Iterable[Finding]:
    """Every flaw, in the order of the fields."""
    classes = routing.priority_classes
    for name in sorted({name for name in classes if classes.count(name) > 1}):
        yield Finding("/priority_classes", f"the name {name} is given more than once")
    if "" in classes:
        yield Finding("/priority_classes", "a class must have a name")
    if not 0 <= routing.fair_share_percent <= _PERCENT_MAX:
        yield Finding("/fair_share_percent", "must be 0 to 100")
    seen = set()
    for at, floor in enumerate(routing.class_floors):
        pointer, name = f"/class_floors/{at}", floor.customer_class
        if name not in (*classes, ""):
            yield Finding(f"{pointer}/customer_class", f"priority_classes does not name the class {name}")
        elif name in seen:
            yield Finding(f"{pointer}/customer_class", f"the class {name or 'of all others'} has a floor already")
        seen.add(name)
        if not 0 <= floor.percent <= _PERCENT_MAX:
            yield Finding(f"{pointer}/percent", "must be 0 to 100")
        if not 0 <= floor.units <= _UNITS_MAX:
            yield Finding(f"{pointer}/units", f"must be 0 to {_UNITS_MAX:,}")
        elif not floor.units and not floor.percent:
            yield Finding(pointer, "must have a percent or units")
    if (together := sum(floor.percent for floor in routing.class_floors)) > _PERCENT_MAX:
        yield Finding("/class_floors", f"keep {together} percent together; there are 100")
