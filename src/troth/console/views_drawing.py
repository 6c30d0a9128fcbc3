"""Drawings as numbers for inline SVG: the chart of orders by hour, and the map of an order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from troth.model.network import Address, Node
from troth.model.value import dataclass

_HOURS: Final = 24
_MAP_WIDTH: Final = 560.0
_MAP_HEIGHT: Final = 240.0
_MARGIN: Final = 44.0
_SPAN_MIN: Final = 3.0
_STEPS: Final = (1, 2, 5, 10, 20, 30, 60)
_LINES_WANTED: Final = 5
_EDGE: Final = 26.0
_NEAR: Final = 40.0
_LABEL_DROP: Final = 4.0
_LABEL_LIFT: Final = 13.0
_LETTER_WIDTH: Final = 7.5
_LABEL_PADDING: Final = 20.0


@dataclass(frozen=True, slots=True)
class HourBar:
    """Orders of one hour: where its bar stands (of 24 slots) and how high it is, in percent."""

    hour: datetime
    orders: int
    slot: int
    height: float
    label: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class HourChart:
    """The last 24 hours, the running one last; `top` is the value at the upper edge."""

    bars: tuple[HourBar, ...]
    top: int
    total: int


@dataclass(frozen=True, slots=True)
class Place:
    """A point of the map, in the drawing's units, and whether its label stands to the left of it."""

    x: float
    y: float
    label: str
    is_left: bool
    label_y: float


@dataclass(frozen=True, slots=True)
class OrderMap:
    """Nodes and destination on an equirectangular graticule, with a bent line from each node to the destination."""

    width: float
    height: float
    destination: Place
    nodes: tuple[Place, ...]
    lines: tuple[str, ...]
    meridians: tuple[tuple[float, str], ...]
    parallels: tuple[tuple[float, str], ...]
    summary: str


def view_hours(orders: Mapping[datetime, int], now: datetime) -> HourChart:
    """The chart of the orders by hour; hours without any count as none."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in range(_HOURS - 1, -1, -1)]
    counts = [orders.get(hour, 0) for hour in hours]
    top = round_up(max(counts))
    bars = tuple(
        HourBar(
            hour,
            count,
            slot,
            round(100.0 * count / top, 2),
            f"{hour:%H:%M}" if hour.hour % 6 == 0 else "",
            slot == _HOURS - 1,
        )
        for slot, (hour, count) in enumerate(zip(hours, counts, strict=True))
    )
    return HourChart(bars, top, sum(counts))


def round_up(value: int) -> int:
    """The next round number, at least 10, that halves without a rest.

    >>> [round_up(value) for value in (0, 7, 11, 45, 101, 999, 1234)]
    [10, 10, 20, 50, 200, 1000, 2000]
    """
    if value <= 10:
        return 10
    power: int = 10 ** (len(str(value)) - 1)
    return next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= value and step * power % 2 == 0)


def view_map(nodes: Sequence[Node], destination: Address | None) -> OrderMap | None:
    """The map of an order; None where the destination has no coordinates or there is no node."""
    if destination is None or destination.latitude is None or destination.longitude is None or not nodes:
        return None
    latitudes = [destination.latitude, *(node.latitude for node in nodes)]
    longitudes = [destination.longitude, *(node.longitude for node in nodes)]
    middle = (max(latitudes) + min(latitudes)) / 2
    squeeze = max(0.2, math.cos(math.radians(middle)))
    wide = max((max(longitudes) - min(longitudes)) * squeeze, _SPAN_MIN)
    high = max(max(latitudes) - min(latitudes), _SPAN_MIN / 2)
    scale = min((_MAP_WIDTH - 4 * _MARGIN) / wide, (_MAP_HEIGHT - 2 * _MARGIN) / high)
    center = (max(longitudes) + min(longitudes)) / 2

    def x_of(longitude: float) -> float:
        return round(_MAP_WIDTH / 2 + (longitude - center) * squeeze * scale, 1)

    def y_of(latitude: float) -> float:
        return round(_MAP_HEIGHT / 2 - (latitude - middle) * scale, 1)

    def place(latitude: float, longitude: float, label: str, *, is_west: bool) -> Place:
        """West of what it is drawn with, a place has its label on the left, unless that would leave the drawing."""
        x, width = x_of(longitude), _LABEL_PADDING + _LETTER_WIDTH * len(label)
        y = y_of(latitude)
        return Place(x, y, label, (is_west and x > width) or x > _MAP_WIDTH - width, y + _LABEL_DROP)

    mean = sum(node.longitude for node in nodes) / len(nodes)
    end = place(
        destination.latitude,
        destination.longitude,
        destination.city or destination.country,
        is_west=destination.longitude < mean,
    )
    starts = tuple(
        place(node.latitude, node.longitude, node.node, is_west=node.longitude <= destination.longitude)
        for node in nodes
    )
    if any(start.is_left is end.is_left and math.hypot(start.x - end.x, start.y - end.y) < _NEAR for start in starts):
        end = replace(end, label_y=end.y - _LABEL_LIFT)
    half_wide = (_MAP_WIDTH / 2 - _EDGE) / squeeze / scale  # at the edge a degree's label would meet another one
    half_high = (_MAP_HEIGHT / 2 - _EDGE) / scale
    return OrderMap(
        _MAP_WIDTH,
        _MAP_HEIGHT,
        end,
        starts,
        tuple(_bend(start, end) for start in starts),
        tuple((x_of(at), _degrees(at, "E", "W")) for at in _graticule(center - half_wide, center + half_wide)),
        tuple((y_of(at), _degrees(at, "N", "S")) for at in _graticule(middle - half_high, middle + half_high)),
        f"From {', '.join(start.label for start in starts)} to {end.label}",
    )


def _graticule(low: float, high: float) -> tuple[int, ...]:
    """The round degrees between two, some five of them."""
    step = next((step for step in _STEPS if (high - low) / step <= _LINES_WANTED + 2), _STEPS[-1])
    first = math.ceil(low / step)
    return tuple(number * step for number in range(first, math.floor(high / step) + 1))


def _degrees(value: int, positive: str, negative: str) -> str:
    wrapped = (value + 180) % 360 - 180
    return f"{abs(wrapped)}°{positive if wrapped > 0 else negative if wrapped < 0 else ''}"


def _bend(start: Place, end: Place) -> str:
    """The path of a line that bows upwards, as a great circle does in the north."""
    away = math.hypot(end.x - start.x, end.y - start.y)
    x, y = (start.x + end.x) / 2, (start.y + end.y) / 2 - away * 0.14
    return f"M{start.x:.1f} {start.y:.1f}Q{x:.1f} {y:.1f} {end.x:.1f} {end.y:.1f}"
