"""In which language a request wants its messages: what it names, before what its Accept-Language header prefers."""

from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field, StringConstraints
from starlette.types import Scope

from troth.flows.wording.languages import accepted_languages
from troth.http.edge.body import Query
from troth.http.edge.headers import find_header

_HEADER: Final = b"accept-language"
_HEADER_LENGTH_MAX: Final = 500

VARY: Final = ("vary", "accept-language")
"""What tells caches that the same address is answered in several languages."""

Language = Annotated[
    str,
    StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$"),
    Field(
        description="The language of messages (BCP 47): es-MX falls back to es, and one not spoken to the channel's.",
        examples=["es-MX"],
    ),
]


class LanguageQuery(Query):
    """In which language messages are told."""

    language: Language | None = None


def asked_languages(scope: Scope, named: str | None) -> tuple[str, ...]:
    """The languages that a GET asks for, the best first."""
    header = find_header(scope, _HEADER)
    accepted = () if header is None or len(header) > _HEADER_LENGTH_MAX else _accepted(header)
    return accepted if named is None else (named, *accepted)


@lru_cache(maxsize=1_024)
def _accepted(header: str) -> tuple[str, ...]:
    return accepted_languages(header)
