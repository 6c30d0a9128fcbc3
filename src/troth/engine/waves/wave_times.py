"""The times of waves: which one comes next for a node."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from troth.engine.carriage.calendars import local_day, local_instant, minute_of
from troth.engine.carriage.network import Network
from troth.model.ids import NodeId
from troth.model.release import WaveTime
from troth.model.release_rules import WaveRule

DAYS_AHEAD: Final = 15
"""A rule names at least one weekday, so that its next wave is never farther away."""


def find_waves(rule: WaveRule, node: NodeId, network: Network, *, after: datetime) -> Iterator[WaveTime]:
    """The waves of a rule for a node behind an instant, the next one first."""
    position = network.index.get(node)
    zone = rule.time_zone if rule.is_shared or position is None else network.nodes[position].time_zone
    zone = zone or "UTC"
    first = local_day(zone, minute_of(after.timestamp()))
    for day in range(first, first + DAYS_AHEAD):
        if (day + 3) % 7 not in rule.weekdays:
            continue
        for at in sorted(rule.times):
            begins = datetime.fromtimestamp(local_instant(zone, day, at), UTC)
            if begins > after:
                place = None if rule.is_shared else node
                cut_off = begins - timedelta(minutes=rule.cut_off_minutes)
                yield WaveTime(wave_id(rule.name, place, begins), rule.name, place, begins, cut_off)


def wave_id(rule: str, node: NodeId | None, at: datetime) -> str:
    """The id of a wave, which names its rule, its node (empty: all that share it) and its time in UTC.

    >>> wave_id("noon", NodeId("DC-PA"), datetime(2026, 11, 27, 17, 0, tzinfo=UTC))
    'noon~DC-PA~20261127T1700Z'
    """
    return f"{rule}~{node or ''}~{at.astimezone(UTC):%Y%m%dT%H%MZ}"


def read_wave_id(text: str) -> tuple[str, NodeId | None, datetime] | None:
    """Rule, node and time of a wave; None where a text is no id of one.

    >>> read_wave_id("noon~DC-PA~20261127T1700Z")
    ('noon', 'DC-PA', datetime.datetime(2026, 11, 27, 17, 0, tzinfo=datetime.timezone.utc))
    >>> read_wave_id("noon") is None
    True
    """
    rule, first, rest = text.partition("~")
    node, second, stamp = rest.rpartition("~")
    if not (rule and first and second):
        return None
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return rule, NodeId(node) if node else None, at
