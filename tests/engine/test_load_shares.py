"""How busy nodes are on the day of their next work, each by its own hours and in its own time zone."""

from datetime import UTC, date, datetime, timedelta

from tests.engine.worlds import MONDAY, network, node
from troth.engine.carriage.load_shares import shares_used
from troth.model.capacity import Shift, Slot
from troth.model.ids import NodeId
from troth.model.network import Calendar


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

    assert shares_used(net, MONDAY) == {"all day": 0.25, "closed": 2.0, "shifts": 0.075}
    assert shares_used(net, MONDAY - timedelta(hours=6)) == {"all day": 0.25, "closed": 2.0, "shifts": 0.25}
    assert shares_used(network(node("free")), MONDAY) == {}


def test_what_comes_after_the_cut_off_or_on_a_day_off_looks_at_the_next_working_day() -> None:
    weekdays = Calendar(weekdays=(0, 1, 2, 3, 4), holidays=(date(2026, 11, 26),))
    net = network(node("A", capacity_per_day=10, calendar=weekdays), node("never", calendar=Calendar(weekdays=())))
    for day, units in ((23, 1), (24, 2), (27, 3), (30, 4)):
        net.load.move([(Slot(NodeId("A"), date(2026, 11, day)), units)])

    def load(day: int, hour: int) -> float:
        return shares_used(net, datetime(2026, 11, day, hour, tzinfo=UTC))[NodeId("A")]

    assert [load(23, 13), load(23, 14)] == [0.1, 0.2]  # until the cut-off, and from it on
    assert load(26, 9) == 0.3  # on the holiday
    assert [load(27, 13), load(27, 15), load(28, 9), load(29, 23)] == [0.3, 0.4, 0.4, 0.4]  # over the weekend
