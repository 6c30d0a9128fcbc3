"""The contents of the documentation: named pages in a stated order, then algorithms, decisions and all others."""

from pathlib import Path
from typing import Any, Final

_FIRST: Final = ("index.md", "tour.md", "glossary.md", "settings.md", "cli.md", "events.md", "refusals.md")
_FOLDERS: Final = {"algorithms": "Algorithms", "adr": "Decisions"}


def on_config(config: Any) -> Any:
    """Set the contents from the pages that exist, so that a new page needs no second place; mkdocs calls this."""
    config["nav"] = find_nav(Path(config["docs_dir"]))
    return config


def find_nav(docs: Path) -> list[str | dict[str, list[str]]]:
    """Return the contents of the folder `docs` in mkdocs' form."""
    others = sorted(path.name for path in docs.glob("*.md") if path.name not in _FIRST)
    nav: list[str | dict[str, list[str]]] = [name for name in (*_FIRST, *others) if (docs / name).exists()]
    for folder, title in _FOLDERS.items():
        if pages := sorted(path.relative_to(docs).as_posix() for path in (docs / folder).glob("*.md")):
            nav.append({title: pages})
    return nav
