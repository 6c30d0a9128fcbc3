"""What is refused about who comes first, each flaw by its field."""

import pytest

from troth.engine.rules.check import check
from troth.model.routing import ClassFloor, Routing

CLASSES = ("gold", "silver")


@pytest.mark.parametrize(
    ("routing", "pointer", "detail"),
    [
        (Routing(priority_classes=("a", "a")), "/priority_classes", "the name a is given more than once"),
        (Routing(priority_classes=("",)), "/priority_classes", "a class must have a name"),
        (Routing(fair_share_percent=101), "/fair_share_percent", "must be 0 to 100"),
        (
            Routing(priority_classes=CLASSES, class_floors=(ClassFloor("tin", 5),)),
            "/class_floors/0/customer_class",
            "priority_classes does not name the class tin",
        ),
        (
            Routing(class_floors=(ClassFloor("", 5), ClassFloor("", 5))),
            "/class_floors/1/customer_class",
            "the class of all others has a floor already",
        ),
        (Routing(class_floors=(ClassFloor("", -1),)), "/class_floors/0/percent", "must be 0 to 100"),
        (Routing(class_floors=(ClassFloor("", 1, -1),)), "/class_floors/0/units", "must be 0 to 1,000,000,000"),
        (Routing(class_floors=(ClassFloor(""),)), "/class_floors/0", "must have a percent or units"),
        (
            Routing(priority_classes=CLASSES, class_floors=(ClassFloor("gold", 60), ClassFloor("silver", 41))),
            "/class_floors",
            "keep 101 percent together; there are 100",
        ),
    ],
)
def test_what_cannot_be_a_turn_is_refused_where_it_stands(routing: Routing, pointer: str, detail: str) -> None:
    assert [(one.pointer, one.detail) for one in check(routing)] == [(pointer, detail)]


def test_classes_with_floors_can_be_used() -> None:
    assert check(Routing(priority_classes=CLASSES, class_floors=(ClassFloor("silver", 20), ClassFloor("", 5, 1)))) == ()
