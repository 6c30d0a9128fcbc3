"""What is in force when, and for whom: a pure function of what was said, so that it can be answered for the past."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

from troth.model.document import Activation, DocumentState, InForce


def find_in_force(acts: Sequence[Activation], at: datetime) -> InForce:
    """What decides at an instant, of acts in the order of their numbers.

    Each act replaces what was said before it, from its own time on: one that was put off until tonight is overruled by
    what is said this afternoon and takes effect earlier. A canary ends with the next act that is none.
    """
    undone = {act.undoes for act in acts if act.undoes is not None and act.effective_from <= at}
    base: Activation | None = None
    canary: Activation | None = None
    for act in acts:
        if act.undoes is not None or act.effective_from > at or act.number in undone:
            continue
        if act.canary_percent is None:
            base, canary = (None if act.version is None else act), None
        else:
            canary = act
    return InForce(base, canary)


def find_next_change(acts: Sequence[Activation], at: datetime) -> datetime | None:
    """The earliest instant after this one at which an act takes effect."""
    return min((act.effective_from for act in acts if act.effective_from > at), default=None)


def find_undoable(acts: Sequence[Activation]) -> Activation | None:
    """The newest act that nothing has undone."""
    undone = {act.undoes for act in acts if act.undoes is not None}
    return next((act for act in reversed(acts) if act.undoes is None and act.number not in undone), None)


def state_of(name: str, version: int, acts: Sequence[Activation], at: datetime) -> DocumentState:
    """How a version stands at an instant."""
    now = find_in_force(acts, at)
    for act, state in ((now.base, DocumentState.ACTIVE), (now.canary, DocumentState.CANARY)):
        if act is not None and (act.name, act.version) == (name, version):
            return state
    heeded = [act for act in acts if (act.name, act.version) == (name, version) and is_heeded(act, acts)]
    if any(act.effective_from > at for act in heeded):
        return DocumentState.SCHEDULED
    return DocumentState.RETIRED if heeded else DocumentState.DRAFT


def choose(in_force: InForce, subject: str) -> Activation | None:
    """The act that decides about a subject, such as an order id: the canary for its share, and else the base."""
    canary = in_force.canary
    if canary is None or canary.canary_percent is None:
        return in_force.base
    return canary if share_of(subject, canary.label or "") < canary.canary_percent * 100 else in_force.base


def share_of(subject: str, label: str) -> int:
    """Where a subject lies in 0 … 9999, always the same for one canary and independent of it for another.

    >>> share_of("O-1", "everyday@5"), share_of("O-2", "everyday@5"), share_of("O-1", "everyday@6")
    (3517, 9067, 9281)
    """
    digest = blake2b(f"{label}\0{subject}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % 10_000


def is_heeded(act: Activation, acts: Sequence[Activation]) -> bool:
    """Whether an act takes effect when its time comes, for all that is known now."""
    then = find_in_force(acts, act.effective_from)
    return act in (then.base, then.canary)
