"""What a form asks for is done once, however often it arrives; a phone with a bad network sends it again and again."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec
from starlette.datastructures import FormData

from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request
from troth.model.commands import Command
from troth.model.pickup_moves import PickupCodeRefused
from troth.model.refusals import Busy, KeyReused, Refusal
from troth.model.value import dataclass
from troth.pages.asking import new_key, text
from troth.pages.desk import Visit
from troth.pages.views_refusal import Told, tell_refusal
from troth.store.keys import read_keys

Check = Callable[[], Awaitable[Refusal | Told | None]]
"""Why something may not be done; None where it may."""

_AGE_MAX: Final = timedelta(days=2)
_ASIDE: Final = frozenset({"csrf", "age"})
"""What may differ when the same is sent again: the session's token, and how long ago it was done."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of what a form asks for: what was refused of it, by the place of its command; nothing: it is done.
    What is refused for now may be asked `again`. `back` is where somebody goes on, as it was when it was done.
    """

    refused: tuple[tuple[int, Told], ...] = ()
    again: bool = False
    back: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether anything of it was refused."""
        return bool(self.refused)


async def act(
    visit: Visit, form: FormData, commands: Sequence[Command], *, check: Check | None = None, back: str
) -> Done:
    """Have commands decided under the form's key, each for itself and all in one transaction; then somebody goes on at
    `back`.

    What was done under the key before is not done again, and not checked again either: it may long have gone on.
    """
    actor, key = visit.actor.name, Key(f"store/{text(form, 'key') or new_key()}", digest_of(form))
    async with visit.system.pool.acquire() as connection:
        used = (await read_keys(connection, [(actor, key.key)])).get((actor, key.key))
    if used is not None:
        is_same = used.request_digest == key.request_digest
        return decode(used.answer) if is_same else refused(KeyReused(key.key))

    def answer(outcomes: tuple[Outcome, ...]) -> Answer:
        done = replace(_done(outcomes), back=back)
        return Answer(200 if len(done.refused) < len(outcomes) else 409, msgspec.json.encode(done))

    no = None if check is None else await check()
    if no is not None:
        return refused(no)
    if not commands:
        return Done()
    result = await visit.system.door.submit(Request(tuple(commands), actor, "store", key, answer))
    return decode(result.answer.body) if result.answer is not None else _done(result.outcomes)


def done_at(visit: Visit, form: FormData) -> datetime:
    """When somebody did what they report: so many seconds ago, by the clock of their phone, of which only the pace is
    trusted.
    """
    given = text(form, "age")
    seconds = int(given) if given.isdecimal() and given.isascii() and len(given) <= 7 else 0
    return visit.now - min(timedelta(seconds=seconds), _AGE_MAX)


def refused(no: Refusal | Told) -> Done:
    """That all of it was refused."""
    if isinstance(no, tuple):
        return Done(((0, no),))
    return Done(((0, tell_refusal(no)),), again=isinstance(no, Busy))


def decode(body: bytes) -> Done:
    """What was kept of an answer."""
    return msgspec.json.decode(body, type=Done)


def _done(outcomes: tuple[Outcome, ...]) -> Done:
    told = tuple((at, _told(outcome)) for at, outcome in enumerate(outcomes))
    is_busy = all(isinstance(outcome, Busy) for outcome in outcomes)
    return Done(tuple((at, why) for at, why in told if why is not None), again=is_busy)


def _told(outcome: Outcome) -> Told | None:
    """Why something was not done; None where it was. A wrong code is kept, so that nobody can try them all, and yet
    nothing was handed over.
    """
    if not isinstance(outcome, Accepted):
        return tell_refusal(outcome)
    events = (event for _, event in outcome.decision.events)
    wrong = next((event for event in events if isinstance(event, PickupCodeRefused)), None)
    if wrong is None:
        return None
    left = "No code is looked at for a while." if wrong.locked_until else f"{wrong.left} more may be tried."
    return "That is not the code of this pickup.", (f"{left} You may check who they are instead.",)


def digest_of(form: FormData) -> str:
    """What a form asks, whoever sends it again and when."""
    fields = sorted((name, str(value)) for name, value in form.multi_items() if name not in _ASIDE)
    return blake2b(msgspec.json.encode(fields), digest_size=16).hexdigest()
