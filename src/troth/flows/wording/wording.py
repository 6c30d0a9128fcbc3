"""The texts in force: which of them is told in a channel, in a language and of a brand, and how days are written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from troth.engine.supply.available_to_sell import LOW_STOCK_MAX
from troth.flows.wording.languages import find_locale, parents_of
from troth.flows.wording.message_text import Template, read_text
from troth.flows.wording.message_texts import BUILT_IN
from troth.model.messages import ENGLISH, MESSAGES, LowStock, MessageTemplates, Text
from troth.model.value import dataclass

_VOICES_MAX: Final = 1_024
_YEAR_SHOWN_DAYS: Final = 180
_NAMED_DAYS: Final = {-1: "yesterday", 0: "today", 1: "tomorrow"}

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Chosen:
    """A text, and where it comes from: the language and the document that say it (empty: it is built in)."""

    text: Text
    language: str
    document: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A text of a document, for some channels and brands (none: all)."""

    chosen: Chosen
    channels: frozenset[str]
    brands: frozenset[str]

    def speaks(self, channel: str, brand: str) -> bool:
        return (not self.channels or channel in self.channels) and (not self.brands or brand in self.brands)


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """How one channel speaks one language. `chain` are the languages whose texts are looked for, one after the other;
    English ends it.

    What is looked up is remembered; it never changes an answer.
    """

    channel: str
    language: str
    locale: Locale
    chain: tuple[str, ...]
    wording: "Wording"
    low_stock_units: int
    leave_units: int | None = None
    _ready: dict[tuple[str, str, str], Template] = field(default_factory=dict, repr=False)

    def say(self, message: str, values: Mapping[str, str] | None = None, *, brand: str = "") -> str:
        """A message with the values of its placeholders."""
        return self._template(message, brand, "other").fill(values or {})

    def count(self, message: str, number: Number, *, brand: str = "") -> str:
        """A message about so many, in the plural that the number asks for."""
        plural = self.locale.plural_form(Decimal(str(number)))
        values = {MESSAGES[message].counted: self.number(number)}
        return self._template(message, brand, plural).fill(values)

    def day(self, day: date, today: date, *, brand: str = "") -> str:
        """A day as it is called today; with its year where that could be mistaken."""
        days = (day - today).days
        if days in _NAMED_DAYS:
            return self.say(_NAMED_DAYS[days], brand=brand)
        weekday, written = self.written(day, is_far=day.year != today.year and abs(days) > _YEAR_SHOWN_DAYS)
        return self.say("day", {"weekday": weekday, "date": written}, brand=brand)

    def written(self, day: date, *, is_far: bool = False) -> tuple[str, str]:
        """The weekday and the date of a day; with the year where it is far."""
        return _written(day, self.locale, is_far)

    def time(self, at: time) -> str:
        """A time of the day."""
        return format_time(at, "short", locale=self.locale)

    def number(self, number: Number) -> str:
        """A number of units."""
        return format_decimal(number, locale=self.locale, decimal_quantization=False)

    def choose(self, message: str, brand: str = "") -> Chosen:
        """The text of a message, and who says so."""
        return self.wording.choose(message, self.chain, self.channel, brand)

    def _template(self, message: str, brand: str, plural: str) -> Template:
        brand = brand if self.wording.names_brands else ""
        known = self._ready.get((message, brand, plural))
        if known is None:
            text = self.choose(message, brand).text
            words = text if isinstance(text, str) else text.get(plural, text["other"])
            known = read_text(words)
            if len(self._ready) < _VOICES_MAX:
                self._ready[message, brand, plural] = known
        return known


class Wording:
    """The texts of the documents in force (label and content, in the order of their names)."""

    def __init__(self, documents: Iterable[tuple[str, MessageTemplates]] = ()) -> None:
        named = tuple(documents)
        self._documents = tuple(content for _, content in named)
        self._entries = _entries_of(named)
        self._languages = {language for language, _ in self._entries} | BUILT_IN.keys()
        self._voices: dict[tuple[str, tuple[str, ...]], Voice] = {}
        self.names_brands = any(entry.brands for content in self._documents for entry in content.texts)

    def voice(self, channel: str = "", asked: Sequence[str] = ()) -> Voice:
        """How a channel speaks to who asks for one of these languages, the best first. One in which nothing can be
        said is passed over; without any the channel's own is spoken.
        """
        key = (channel, tuple(asked))
        known = self._voices.get(key)
        if known is None:
            if len(self._voices) >= _VOICES_MAX:
                self._voices.clear()
            known = self._voices[key] = self._make_voice(channel, asked)
        return known

    def choose(self, message: str, chain: Sequence[str], channel: str, brand: str) -> Chosen:
        """The text of a message in the first language that has it: what is said for the brand before what is said for
        the channel, and both before what is said for all.
        """
        for language in chain:
            for entry in self._entries.get((language, message), ()):
                if entry.speaks(channel, brand):
                    return entry.chosen
            if language in BUILT_IN:
                return Chosen(BUILT_IN[language][message], language, "")
        return Chosen(BUILT_IN[ENGLISH][message], ENGLISH, "")

    def _make_voice(self, channel: str, asked: Sequence[str]) -> Voice:
        tag = next((one for one in (*asked, *self._own_languages(channel)) if self._is_known(one)), ENGLISH)
        locale = find_locale(tag) or Locale.parse(ENGLISH)
        chain = (*parents_of(tag), *(() if ENGLISH in parents_of(tag) else (ENGLISH,)))
        low = self._low_stock(channel)
        units, leave = (LOW_STOCK_MAX, None) if low is None else (low.units, low.leave_units)
        return Voice(channel, str(locale).replace("_", "-"), locale, chain, self, units, leave)

    def _own_languages(self, channel: str) -> Iterable[str]:
        for content in self._documents:
            if channel in content.channel_languages:
                yield content.channel_languages[channel]
        yield from (content.language for content in self._documents if content.language)

    def _is_known(self, tag: str) -> bool:
        return find_locale(tag) is not None and any(language in self._languages for language in parents_of(tag))

    def _low_stock(self, channel: str) -> LowStock | None:
        """What is said for the channel before what is said for all; of equals the first."""
        limits = [limit for content in self._documents for limit in content.low_stock]
        named = next((limit for limit in limits if channel in limit.channels), None)
        return named or next((limit for limit in limits if not limit.channels), None)


def _entries_of(named: Sequence[tuple[str, MessageTemplates]]) -> dict[tuple[str, str], list[_Entry]]:
    """The texts by language and message, the most specific first, equals in the order of their documents."""
    found: dict[tuple[str, str], list[_Entry]] = {}
    for label, content in named:
        for texts in content.texts:
            for message, text in texts.texts.items():
                chosen = Chosen(text, texts.language, label)
                entry = _Entry(chosen, frozenset(texts.channels), frozenset(texts.brands))
                found.setdefault((texts.language.lower(), message), []).append(entry)
    for entries in found.values():
        entries.sort(key=lambda entry: (not entry.brands, not entry.channels))
    return found


@lru_cache(maxsize=4_096)
def _written(day: date, locale: Locale, is_far: bool) -> tuple[str, str]:
    """The weekday and the date as a language writes them, with the year where the day is far."""
    written = format_date(day, "long", locale=locale) if is_far else format_skeleton("MMMMd", day, locale=locale)
    return format_date(day, "EEEE", locale=locale), written


NO_WORDING: Final = Wording()
"""What is built in."""
