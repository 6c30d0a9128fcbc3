"""What the page says, by language: one file of texts for each, with English for what another one lacks."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.numbers import format_currency

from troth.flows.wording.languages import find_locale, parents_of
from troth.model.messages import ENGLISH
from troth.model.money import Money
from troth.model.value import dataclass

_FOLDER: Final = Path(__file__).parent / "texts"
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.toml"))
}
"""The texts by language and name."""


@dataclass(frozen=True, slots=True)
class Words:
    """How the page speaks one language to somebody in a time zone."""

    language: str
    locale: Locale
    zone: ZoneInfo
    now: datetime

    def say(self, name: str, /, **values: object) -> str:
        """A text with its values."""
        own = TEXTS.get(self.language, {})
        return (own.get(name) or TEXTS[ENGLISH][name]).format(**values)

    def count(self, name: str, /, number: int, **values: object) -> str:
        """A text about so many, in the plural that the number asks for."""
        plural = self.locale.plural_form(number)
        exact = f"{name}_{plural}"
        return self.say(exact if exact in TEXTS[ENGLISH] else f"{name}_other", number=number, **values)

    def day(self, at: datetime) -> str:
        """The day of a time, where they are: today, tomorrow, yesterday, or its weekday and date."""
        local, today = at.astimezone(self.zone).date(), self.now.astimezone(self.zone).date()
        near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((local - today).days)
        if near is not None:
            return self.say(near)
        weekday = format_date(local, "EEEE", locale=self.locale)
        return self.say("day", weekday=weekday, date=format_skeleton("MMMMd", local, locale=self.locale))

    def moment(self, at: datetime) -> str:
        """A time with its day."""
        return self.say("moment", day=self.day(at), time=self.time(at))

    @property
    def zone_name(self) -> str:
        """What the time zone is called."""
        return get_timezone_name(self.now.astimezone(self.zone), locale=self.locale)

    def money(self, amount: Money) -> str:
        """An amount with its currency, as the language writes it."""
        return format_currency(Decimal(amount.amount), amount.currency, locale=self.locale)

    def time(self, at: datetime) -> str:
        """The time of day."""
        return format_time(at.astimezone(self.zone), "short", locale=self.locale)


def find_words(asked: Sequence[str], zone: str, now: datetime) -> Words:
    """The words of the first of the languages that the page speaks; English where it speaks none of them."""
    for tag in asked:
        locale = find_locale(tag)
        known = next((parent for parent in parents_of(tag) if parent in TEXTS), None)
        if locale is not None and known is not None:
            return Words(known, locale, ZoneInfo(zone), now)
    return Words(ENGLISH, Locale.parse("en-US", sep="-"), ZoneInfo(zone), now)
