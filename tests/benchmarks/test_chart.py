"""Charts can be read."""

import doctest
import re
from pathlib import Path

from benchmarks import chart


def test_no_label_covers_another_where_lines_end_at_the_same_place(tmp_path: Path) -> None:
    series = {name: [(1.0, 10.0), (64.0, 60.0 + number)] for number, name in enumerate(("20 nodes", "1,000 nodes"))}
    chart.write_chart(tmp_path / "chart.svg", title="p99", x_name="clients", y_name="ms", series=series)
    text = (tmp_path / "chart.svg").read_text(encoding="utf-8")
    places = [float(y) for y in re.findall(r'y="([\d.]+)" fill="#\w+">[\d,]+ nodes<', text)]
    assert len(places) == 2
    assert abs(places[0] - places[1]) > 14.5


def test_labels_stand_as_the_example_says() -> None:
    assert doctest.testmod(chart).failed == 0
