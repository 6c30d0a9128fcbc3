"""`python -m benchmarks.page`: write docs/benchmarks.md from `benchmarks/page.md` and the recorded results, and what
the README says of them from `benchmarks/readme.md`.

In the text a figure stands as `{{RESULT FIGURE}}` or `{{RESULT FIGURE PART}}`, where the part is `value` (as without
one), `low` and `high` of the rounds, `baseline`, `ratio` to it, or `inverse` of that; `{{RESULT commit}}` and
`{{RESULT seed}}` say how it was recorded. So no figure of the page is typed by anybody, and a test holds page and
results together.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from benchmarks.report import RESULTS

_HERE: Final = Path(__file__).parent
PAGE: Final = _HERE.parent / "docs" / "benchmarks.md"
README: Final = _HERE.parent / "README.md"
_TEXT: Final = _HERE / "page.md"
_README_TEXT: Final = _HERE / "readme.md"
_PLACE: Final = re.compile(r"(?<=<!-- speed: make bench-docs -->\n).*?(?=<!-- /speed -->)", re.DOTALL)
_FIGURE: Final = re.compile(r"\{\{(\S+) (\S+)(?: (\S+))?\}\}")
_FACTS: Final = ("commit", "seed")


def render_page() -> str:
    """The page as the recorded results have it."""
    return _filled(_TEXT)


def render_readme() -> str:
    """The README with what the recorded results say, the rest as it is."""
    return _PLACE.sub(lambda _: _filled(_README_TEXT), README.read_text(encoding="utf-8"))


def rounded(value: float) -> str:
    """A figure with two digits that say something, or all before the point.

    >>> [rounded(value) for value in (1531.2, 39.4, 6.12, 0.264, 0.0)]
    ['1,531', '39', '6.1', '0.26', '0']
    """
    if value == 0.0 or abs(value) >= 10.0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1.0 else f"{value:.2f}"


def _filled(text: Path) -> str:
    return _FIGURE.sub(lambda found: _told(found[1], found[2], found[3] or "value"), text.read_text(encoding="utf-8"))


def _told(result: str, name: str, part: str) -> str:
    document = _read(result)
    if name in _FACTS:
        return str(document[name])
    found = next((one for one in document["figures"] if one["name"] == name), None)
    if found is None:
        raise ValueError(f"{result} has no figure {name}")
    return rounded(_part(found, part))


def _part(found: Mapping[str, Any], part: str) -> float:
    parts = {"value": found["value"], "low": found["spread"][0], "high": found["spread"][1], "ratio": found["ratio"]}
    if found["baseline"] is not None:
        parts["baseline"] = found["baseline"]["value"]
    if found["ratio"]:
        parts["inverse"] = 1.0 / found["ratio"]
    return float(parts[part])


@cache
def _read(result: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads((RESULTS / f"{result}.json").read_text())
    return document


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
    README.write_text(render_readme(), encoding="utf-8")
    print(f"Written to {PAGE} and {README}")
