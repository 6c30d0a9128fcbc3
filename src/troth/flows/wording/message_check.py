"""What keeps texts of messages from being used, and what is seldom meant in them: each finding with its place."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from troth.flows.wording.languages import find_locale, parents_of
from troth.flows.wording.message_text import find_text_flaws, read_text
from troth.flows.wording.message_texts import BUILT_IN
from troth.model.document import Finding
from troth.model.messages import MESSAGES, LowStock, MessageState, MessageTemplates, MessageTexts, Text

_FINDINGS_MAX: Final = 100
_LENGTH_MAX: Final = 500
_UNITS_MAX: Final = 9_999_999
_LANGUAGE: Final = "is no language that is known, such as en, es or es-MX"


def check_messages(document: MessageTemplates) -> tuple[Finding, ...]:
    """Everything that forbids texts, up to a hundred findings; nothing where they can be used."""
    return tuple(_flaws(document))[:_FINDINGS_MAX]


def lint_messages(document: MessageTemplates) -> tuple[Finding, ...]:
    """What is allowed in texts, but seldom meant: what leaves the customer without an answer, what nobody ever reads,
    and what is told in English because a language lacks it.
    """
    return (*_silent(document), *_hidden(document), *_hidden_limits(document.low_stock), *_in_english(document))[
        :_FINDINGS_MAX
    ]


def _flaws(document: MessageTemplates) -> Iterable[Finding]:
    if document.language and find_locale(document.language) is None:
        yield Finding("/language", f"{document.language} {_LANGUAGE}")
    for channel, language in document.channel_languages.items():
        if find_locale(language) is None:
            yield Finding(f"/channel_languages/{_escaped(channel)}", f"{language} {_LANGUAGE}")
    for at, limit in enumerate(document.low_stock):
        if not 0 <= limit.units <= _UNITS_MAX:
            yield Finding(f"/low_stock/{at}/units", f"must be from 0, which says it never, to {_UNITS_MAX}")
        if limit.leave_units is not None and not limit.units <= limit.leave_units <= _UNITS_MAX:
            yield Finding(f"/low_stock/{at}/leave_units", f"must be from {limit.units}, the units, to {_UNITS_MAX}")
        if not 1 <= limit.back_units <= _UNITS_MAX:
            yield Finding(f"/low_stock/{at}/back_units", f"must be from 1 to {_UNITS_MAX}")
        if limit.leave_units is None and (limit.by_node or limit.back_units > 1):
            yield Finding(f"/low_stock/{at}/leave_units", "is required where the level is watched")
    for at, entry in enumerate(document.texts):
        yield from _entry_flaws(entry, f"/texts/{at}")


def _entry_flaws(entry: MessageTexts, pointer: str) -> Iterable[Finding]:
    locale = find_locale(entry.language)
    if locale is None:
        yield Finding(f"{pointer}/language", f"{entry.language} {_LANGUAGE}")
    plurals = ("other",) if locale is None else (*sorted(locale.plural_form.tags), "other")
    for name, text in entry.texts.items():
        place = f"{pointer}/texts/{_escaped(name)}"
        state = MESSAGES.get(name)
        if state is None:
            near = get_close_matches(name, MESSAGES, n=1, cutoff=0.6)
            yield Finding(place, f"there is no message {name}" + (f"; did you mean {near[0]}?" if near else ""))
            continue
        if isinstance(text, Mapping):
            yield from _plural_flaws(state, text, place, entry.language, () if locale is None else plurals)
        for where, words in _each(text, place):
            yield from _text_flaws(state, words, where)


def _plural_flaws(
    state: MessageState, text: Mapping[str, str], place: str, language: str, known: tuple[str, ...]
) -> Iterable[Finding]:
    if not state.counted:
        yield Finding(place, f"{state.name} counts nothing, so it has one text")
        return
    if "other" not in text:
        yield Finding(f"{place}/other", "is required: it is said where no other category fits")
    for category in text:
        if known and category not in known:
            yield Finding(f"{place}/{_escaped(category)}", f"{language} has the plural categories {', '.join(known)}")


def _text_flaws(state: MessageState, words: str, place: str) -> Iterable[Finding]:
    if not words.strip():
        yield Finding(place, "must say something")
    if len(words) > _LENGTH_MAX:
        yield Finding(place, f"must have at most {_LENGTH_MAX} characters")
    for flaw in find_text_flaws(words, state.placeholders, state.name):
        yield Finding(place, flaw.detail, line=1, column=flaw.column)


def _silent(document: MessageTemplates) -> Iterable[Finding]:
    for at, entry in enumerate(document.texts):
        for name, text in entry.texts.items():
            state = MESSAGES[name]
            for where, words in _each(text, f"/texts/{at}/texts/{name}"):
                is_of_few = isinstance(text, Mapping) and not where.endswith("/other")  # "The last one" says it all
                if state.essential and not is_of_few and state.essential not in read_text(words).placeholders:
                    yield Finding(where, f"does not say {{{state.essential}}}, so that the customer is not told")


def _hidden(document: MessageTemplates) -> Iterable[Finding]:
    """Texts that an earlier entry for the same says already."""
    seen: dict[tuple[object, ...], int] = {}
    for at, entry in enumerate(document.texts):
        for name in entry.texts:
            key = (entry.language.lower(), name, frozenset(entry.channels), frozenset(entry.brands))
            if key in seen:
                yield Finding(f"/texts/{at}/texts/{name}", f"is said by /texts/{seen[key]} already, for the same")
            seen.setdefault(key, at)


def _hidden_limits(limits: tuple[LowStock, ...]) -> Iterable[Finding]:
    seen: dict[str, int] = {}
    for at, limit in enumerate(limits):
        named = limit.channels or ("",)
        if all(channel in seen for channel in named):
            yield Finding(f"/low_stock/{at}", f"is said by /low_stock/{seen[named[0]]} already, for the same channels")
        for channel in named:
            seen.setdefault(channel, at)


def _in_english(document: MessageTemplates) -> Iterable[Finding]:
    """The languages that are neither built in nor complete here."""
    said: dict[str, set[str]] = {}
    for entry in document.texts:
        if not entry.channels and not entry.brands:
            said.setdefault(entry.language.lower(), set()).update(entry.texts)
    for language in sorted({entry.language.lower() for entry in document.texts}):
        chain = parents_of(language)
        if any(parent in BUILT_IN for parent in chain):
            continue
        known = set().union(*(said.get(parent, set()) for parent in chain))
        missing = [name for name in MESSAGES if name not in known]
        if missing:
            at = next(at for at, entry in enumerate(document.texts) if entry.language.lower() == language)
            yield Finding(f"/texts/{at}", f"in {language} there is no text everywhere for {', '.join(missing)}")


def _each(text: Text, place: str) -> Iterable[tuple[str, str]]:
    if isinstance(text, str):
        return ((place, text),)
    return tuple((f"{place}/{_escaped(category)}", words) for category, words in text.items())


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
