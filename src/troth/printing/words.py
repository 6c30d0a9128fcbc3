"""What papers say, by language: one file of texts for each, with English for what another one lacks."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime

from troth.flows.wording.languages import find_locale, parents_of
from troth.model.messages import ENGLISH
from troth.model.value import dataclass

_FOLDER: Final = Path(__file__).parent / "texts"
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.toml"))
}
"""The texts by language and name."""


@dataclass(frozen=True, slots=True)
class PaperWords:
    """How papers speak one language to somebody in a time zone."""

    language: str
    locale: Locale
    zone: ZoneInfo

    def say(self, name: str, /, **values: object) -> str:
        """A text with its values."""
        return (TEXTS[self.language].get(name) or TEXTS[ENGLISH][name]).format(**values)

    def count(self, name: str, number: int) -> str:
        """A text about so many, in the plural that the number asks for."""
        exact = f"{name}_{self.locale.plural_form(number)}"
        return self.say(exact if exact in TEXTS[ENGLISH] else f"{name}_other", number=number)

    def day(self, at: datetime) -> str:
        """The date of an instant."""
        return format_date(at.astimezone(self.zone), "long", locale=self.locale)

    def moment(self, at: datetime) -> str:
        """An instant with its date."""
        return format_datetime(at, "medium", tzinfo=self.zone, locale=self.locale)


def words_of(language: str, zone: str) -> PaperWords:
    """The words of a language; English where papers do not speak it.

    >>> words_of("es-MX", "UTC").say("quantity"), words_of("fi", "UTC").say("quantity")
    ('Cantidad', 'Quantity')
    """
    locale = find_locale(language)
    known = next((parent for parent in parents_of(language) if parent in TEXTS), None)
    if locale is None or known is None:
        return PaperWords(ENGLISH, Locale.parse("en-US", sep="-"), ZoneInfo(zone))
    return PaperWords(known, locale, ZoneInfo(zone))
