"""Changes of reference data: who set what, field by field."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from troth.console.configuration import FAMILIES
from troth.model.events import ConfigurationSet
from troth.model.value import dataclass
from troth.pages.views import words
from troth.store.events import LoggedEvent

_ABSENT: Final = object()
_ACTS: Final = {"save": "saved", "activate": "activated", "roll_back": "rolled back", "retire": "put out of force"}
"""What was done to versioned configuration, by what its event calls the act."""

_LINKS: Final = {"node": "nodes", "item": "items"} | {pages.subject: pages.path for pages in FAMILIES}
"""Where the pages of what was set lie."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after; None: it was not there."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a piece of reference data; `link` leads to its page, where it has one."""

    at: datetime
    actor: str
    what: str
    id: str
    done: str
    fields: tuple[FieldChange, ...]
    link: str


def view_changes(events: Sequence[LoggedEvent]) -> tuple[Change, ...]:
    """The changes in the order in which they were read."""
    return tuple(_change(logged, logged.event) for logged in events if isinstance(logged.event, ConfigurationSet))


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[FieldChange, ...]:
    """The fields that differ, those of a part under the part's name.

    >>> [(c.field, c.before, c.after) for c in differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}, "d": "x"})]
    [('b.c', '2', '3'), ('d', None, 'x')]
    """
    old, new = _flat(before or {}), _flat(after or {})
    return tuple(
        FieldChange(name, _text(old.get(name, _ABSENT)), _text(new.get(name, _ABSENT)))
        for name in dict.fromkeys((*old, *new))
        if old.get(name, _ABSENT) != new.get(name, _ABSENT)
    )


def _change(logged: LoggedEvent, event: ConfigurationSet) -> Change:
    done = "created" if event.before is None else "removed" if event.after is None else "changed"
    done = _ACTS.get(str((event.after or {}).get("act", "")), done)
    return Change(
        at=logged.at,
        actor=logged.actor,
        what=words(event.what),
        id=event.id,
        done=done,
        fields=differences(event.before, _without_act(event.after)),
        link=_LINKS.get(event.what, ""),
    )


def _without_act(after: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What is said already in a word is not said again as a field."""
    return None if after is None else {name: value for name, value in after.items() if name != "act"}


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:  # nothing is shown for what is not set
            flat[f"{prefix}{name}"] = value
    return flat


def _text(value: Any) -> str | None:
    if value is _ABSENT:
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
