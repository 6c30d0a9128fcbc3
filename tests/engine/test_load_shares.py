"""How busy nodes are today, each in its own time zone."""

from datetime import date, timedelta

from tests.engine.worlds import MONDAY, network, node
from troth.engine.carriage.load_shares import shares_used
from troth.model.capacity import Shift, Slot
from troth.model.ids import NodeId


def test_a_share_is_what_is_promised_of_all_shifts_of_the_local_day() -> None:
    net = network(
        node("all day", capacity_per_day=40),
        node("closed", capacity_per_day=0),
        node("idle", capacity_per_day=5),
        node("free"),
        node("shifts", time_zone="Asia/Tokyo", shifts=(Shift(MONDAY.time(), 10), Shift(MONDAY.time(), 30))),
    )
    today = date(2026, 11, 23)
    moves = [
        (Slot(NodeId("all day"), today), 10),
        (Slot(NodeId("all day"), today + timedelta(days=1)), 40),
        (Slot(NodeId("closed"), today), 2),
        (Slot(NodeId("free"), today), 9),
        (Slot(NodeId("gone"), today), 9),
        (Slot(NodeId("shifts"), today, 0), 10),
        (Slot(NodeId("shifts"), today + timedelta(days=1), 1), 3),
    ]
    net.load.move(moves)

    assert shares_used(net, MONDAY) == {"all day": 0.25, "closed": 2.0, "shifts": 0.25}
    assert shares_used(net, MONDAY + timedelta(hours=6)) == {"all day": 0.25, "closed": 2.0, "shifts": 0.075}
    assert shares_used(network(node("free")), MONDAY) == {}
