"""The named queries of ``queries/*.sql``, read once at import.

Each begins with the line ``-- name: read_orders`` and, below it, a comment that says in a sentence what it does.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FOLDER: Final = Path(__file__).parent / "queries"
_HEADING: Final = re.compile(r"^-- name: *(.*?) *$", re.MULTILINE)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class QueryMisnamed(Exception):
    """A query's name is unknown, taken, or not a name, or its sentence is missing; found at import."""


def sql(name: str) -> str:
    """Return the statement called `name`; call it at module level, so that a wrong name stops the import."""
    try:
        return QUERIES[name]
    except KeyError:
        raise QueryMisnamed(f"no query is named {name!r}") from None


def read_queries(folder: Path) -> Mapping[str, str]:
    """Return the statements of all ``*.sql`` files of `folder` by name."""
    queries: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        for name, statement in parse_queries(path.read_text(encoding="utf-8"), origin=path.name):
            if name in queries:
                raise QueryMisnamed(f"{path.name}: {name!r} is the name of another query already")
            queries[name] = statement
    return MappingProxyType(queries)


def parse_queries(text: str, *, origin: str) -> tuple[tuple[str, str], ...]:
    """Return (name, statement) of each query in `text`; `origin` is how errors call it.

    The statement starts with its name as a comment, which the server's logs and statistics then show.

    >>> parse_queries("-- name: read_one\\n-- One.\\nSELECT 1;\\n", origin="example")
    (('read_one', '/* read_one */ SELECT 1'),)
    """
    preamble, *parts = _HEADING.split(text)
    if _without_comments(preamble):
        raise QueryMisnamed(f"{origin}: a statement stands before the first name")
    queries = []
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        statement = _without_comments(body).removesuffix(";").rstrip()
        if not _NAME.fullmatch(name):
            raise QueryMisnamed(f"{origin}: {name!r} is not a name")
        if not body.lstrip("\n").startswith("-- "):
            raise QueryMisnamed(f"{origin}: {name!r} lacks its sentence")
        if not statement:
            raise QueryMisnamed(f"{origin}: {name!r} has no statement")
        queries.append((name, f"/* {name} */ {statement}"))
    return tuple(queries)


def _without_comments(text: str) -> str:
    """Return `text` without the lines that are comments as a whole, which is all that a query file needs."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--")).strip()


QUERIES: Final = read_queries(_FOLDER)
