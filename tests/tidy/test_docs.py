"""The documentation exists and says what the code does."""

import re

import pytest

from tools.reference import DOCS, PAGES
from troth.settings import Settings

ROOT = DOCS.parent
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    rows = re.findall(r"^\| `(TROTH_\w+)` \| `(\w+)` \|", (DOCS / "settings.md").read_text(), re.MULTILINE)

    assert rows == [(f"TROTH_{name.upper()}", name) for name in Settings.model_fields]


@pytest.mark.parametrize("page", PAGES)
def test_a_reference_page_is_what_the_code_says(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "make reference writes it anew"


def test_every_link_of_a_page_leads_to_a_file() -> None:
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_decision_record_is_titled_with_the_decision() -> None:
    records = sorted((DOCS / "adr").glob("*.md"))
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in records}
    untitled = [name for name, title in titles.items() if not re.fullmatch(rf"# {int(name[:4])}\. [A-Z].*[^.]", title)]

    assert untitled == []
    assert len({name[:4] for name in titles}) == len(titles)
