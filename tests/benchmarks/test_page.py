"""The page on speed says what was recorded, to the digit."""

import doctest
import json
from pathlib import Path

import pytest

from benchmarks import page


def test_the_page_is_what_its_text_and_the_recorded_results_make() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.render_page(), "make bench-docs writes it"
    assert page.README.read_text(encoding="utf-8") == page.render_readme(), "make bench-docs writes it"


def test_figures_are_rounded_as_the_example_says() -> None:
    assert doctest.testmod(page).failed == 0


@pytest.fixture
def of_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the text of a page about one result lies."""
    figure = {"name": "rate", "value": 12.4, "spread": [11.0, 13.6], "ratio": 0.25, "baseline": {"value": 49.6}}
    (tmp_path / "own.json").write_text(json.dumps({"commit": "c0ffee0", "seed": 7, "figures": [figure]}))
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    monkeypatch.setattr(page, "_TEXT", tmp_path / "page.md")
    return tmp_path / "page.md"


def test_each_part_of_a_figure_has_its_word(of_text: Path) -> None:
    parts = ("low", "high", "baseline", "ratio", "inverse")
    of_text.write_text(
        "{{own commit}} {{own seed}} {{own rate}} " + " ".join(f"{{{{own rate {one}}}}}" for one in parts)
    )

    assert page.render_page() == "c0ffee0 7 12 11 14 50 0.25 4.0"


def test_a_figure_that_was_not_recorded_cannot_be_told(of_text: Path) -> None:
    of_text.write_text("{{own latency}}")

    with pytest.raises(ValueError, match="own has no figure latency"):
        page.render_page()
