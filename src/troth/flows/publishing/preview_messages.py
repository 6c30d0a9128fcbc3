"""What texts would say if they were in force: every message with made-up places, days and units; nothing is written."""

from datetime import date, time, timedelta
from typing import Final

from troth.flows.door.system import System
from troth.flows.wording.wording import Voice, Wording
from troth.model.messages import MESSAGES, MessageState, MessageTemplates
from troth.model.value import dataclass

_UNITS: Final = (1, 3)
_AT: Final = time(17, 30)
_PLACES: Final = {"place": "Fifth Avenue", "from": "Harrisburg DC"}
_CUSTOMER: Final = {
    "name": "Ada Park",
    "order": "W-1001",
    "shop": "Example",
    "address": "ada@example.com",
    "amount": "$19.90",
    "code": "4711",
    "carrier": "UPS",
    "tracking": "1Z999AA10123456784",
    "quantity": "2",
    "item": "Tea pot",
}
_TODAY: Final = frozenset({"pickup_today"})


@dataclass(frozen=True, slots=True)
class Sample:
    """A message as it would be told; of what is counted, for one and for several. `language` and `document` say whose
    text it is (no document: it is built in).
    """

    message: str
    doc: str
    told: tuple[str, ...]
    language: str
    document: str


@dataclass(frozen=True, slots=True)
class Preview:
    """All messages as a channel would tell them, in the language that it speaks then."""

    language: str
    samples: tuple[Sample, ...]


def preview_messages(
    system: System, name: str, templates: MessageTemplates, *, channel: str = "", language: str = "", brand: str = ""
) -> Preview:
    """Every message as if the texts were in force under a name, beside the other documents that are."""
    now = system.door.now()
    others = [pair for pair in system.door.reference.message_documents(now) if pair[0] != name]
    named = sorted([*others, (name, (name, templates))], key=lambda pair: pair[0])
    voice = Wording(labeled for _, labeled in named).voice(channel, (language,) if language else ())
    return Preview(voice.language, tuple(_sample(voice, state, now.date(), brand) for state in MESSAGES.values()))


def _sample(voice: Voice, state: MessageState, today: date, brand: str) -> Sample:
    chosen = voice.choose(state.name, brand)
    if state.counted:
        told = tuple(voice.count(state.name, units, brand=brand) for units in _UNITS)
    else:
        told = (voice.say(state.name, _values(voice, state, today, brand), brand=brand),)
    return Sample(state.name, state.doc, told, chosen.language, chosen.document)


def _values(voice: Voice, state: MessageState, today: date, brand: str) -> dict[str, str]:
    leaves = today if state.name in _TODAY else today + timedelta(days=2)
    if state.name == "day":
        weekday, written = voice.written(leaves)
        return {"weekday": weekday, "date": written}
    line = voice.say("line", _CUSTOMER, brand=brand)
    before = voice.day(today + timedelta(days=1), today, brand=brand)
    told = {"line": line, "lines": line, "before": before, "day": voice.day(leaves, today, brand=brand)}
    promise = {**_PLACES, "day": told["day"], "arrival": voice.day(today + timedelta(days=4), today, brand=brand)}
    return {
        **_PLACES,
        **_CUSTOMER,
        **told,
        "moves": voice.say("moved", told, brand=brand),
        "promise": voice.say("ships", promise, brand=brand),
        "kept": voice.say("kept_until", {"day": promise["arrival"], "time": voice.time(_AT)}, brand=brand),
        "link": "https://example.com/track/…",
        "number": "7",
        "outcome": voice.say("asked_done", brand=brand),
        "arrival": promise["arrival"],
        "time": voice.time(_AT),
        "units": voice.number(12),
        "supply": voice.say("from_supplier", brand=brand),
    }
