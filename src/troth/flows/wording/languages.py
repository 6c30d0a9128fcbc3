"""Languages by their tags (BCP 47): which of them are known, and what stands for one that has no texts."""

from collections.abc import Iterable
from functools import lru_cache

from babel import Locale, UnknownLocaleError


@lru_cache(maxsize=1024)
def find_locale(tag: str) -> Locale | None:
    """How a language writes days and numbers; None where it is not known.

    >>> find_locale("es-MX"), find_locale("xx"), find_locale("no language")
    (Locale('es', territory='MX'), None, None)
    """
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


def parents_of(tag: str) -> tuple[str, ...]:
    """A tag in lower case and what it falls back to, the nearest first.

    >>> parents_of("es-MX"), parents_of("zh-Hant-TW")
    (('es-mx', 'es'), ('zh-hant-tw', 'zh-hant', 'zh'))
    """
    parts = tag.lower().split("-")
    return tuple("-".join(parts[:count]) for count in range(len(parts), 0, -1))


def accepted_languages(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header (RFC 9110, 12.5.4), the best first; what is no tag is left out.

    >>> accepted_languages("fr;q=0.5, es-MX, es;q=0.9, *;q=0.1, de;q=0")
    ('es-MX', 'es', 'fr')
    """
    return tuple(tag for _, _, tag in sorted(_weighed(header.split(",")[:20])))


def _weighed(ranges: Iterable[str]) -> Iterable[tuple[float, int, str]]:
    for position, text in enumerate(ranges):
        tag, _, weight = text.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if 0.0 < quality <= 1.0 and find_locale(tag.strip()) is not None:
            yield -quality, position, tag.strip()
