"""Each page on an algorithm has a formula, a source and a worked example, and the example is true."""

import doctest
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "algorithms").glob("*.md"))
EXAMPLES = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_worked_examples_of_a_page_are_true(page: Path) -> None:
    examples = "\n".join(EXAMPLES.findall(page.read_text(encoding="utf-8")))
    said: list[str] = []

    failed, attempted = doctest.DocTestRunner(optionflags=FLAGS).run(
        doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0), out=said.append
    )

    assert (failed, "".join(said)) == (0, "")
    assert attempted > 0


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_names_its_formula_and_its_source(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert {"Formula", "Source", "Worked example"} <= set(headings)
