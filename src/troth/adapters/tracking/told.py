"""Checkpoints as carriers write them, as JSON, with codes of their own table: one, or a list."""

import re
from datetime import datetime
from typing import Final

import msgspec

from troth.adapters.tracking.codes import ESTIMATES, read_code
from troth.flows.memory.trackers import ToldCheckpoint
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.tracking import Proof, normalize

_CHECKPOINTS_MAX: Final = 1_000
_TEXT_MAX: Final = 200
_LINK_MAX: Final = 500
_STATUS: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


class _Proof(msgspec.Struct, frozen=True):
    name: str = ""
    photo: str = ""
    signature: str = ""


class _Told(msgspec.Struct, frozen=True):
    """One checkpoint; what else it has is left aside."""

    tracking_number: str
    status: str
    at: datetime | None = None
    place: str = ""
    estimated_delivery_at: datetime | None = None
    proof: _Proof | None = None


_decoder = msgspec.json.Decoder(_Told | list[_Told])


def read_told(body: bytes, table: str = "") -> tuple[ToldCheckpoint, ...] | Invalid:
    """The checkpoints of a carrier whose codes a table has (empty: it uses our words).

    >>> read_told(b'{"tracking_number": "1Z", "status": "X4", "place": "York"}', "x12_214")[0].status
    'in_transit'
    """
    try:
        read = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        return Invalid((FieldFlaw("", str(error)),))
    told = read if isinstance(read, list) else [read]
    if len(told) > _CHECKPOINTS_MAX:
        return Invalid((FieldFlaw("", f"there may be {_CHECKPOINTS_MAX:,} checkpoints at a time"),))
    flaws = tuple(
        FieldFlaw(f"/{at}/at", "must have an offset")
        for at, one in enumerate(told)
        if any(time is not None and time.tzinfo is None for time in (one.at, one.estimated_delivery_at))
    )
    return Invalid(flaws) if flaws else tuple(_checkpoint(one, table) for one in told)


def _checkpoint(one: _Told, table: str) -> ToldCheckpoint:
    status = normalize(read_code(one.status, table))
    is_estimate = one.status in ESTIMATES.get(table, ())
    return ToldCheckpoint(
        one.tracking_number,
        status if _STATUS.fullmatch(status) else "unknown",
        None if is_estimate else one.at,
        _kept(one.place),
        one.at if is_estimate else one.estimated_delivery_at,
        _kept(one.status, 64) if one.status != status else "",
        None if one.proof is None else _proof(one.proof),
    )


def _kept(told: str, length_max: int = _TEXT_MAX) -> str:
    """The beginning of a text, without the one character that no database keeps."""
    return told.replace("\0", "")[:length_max]


def _proof(one: _Proof) -> Proof:
    return Proof(_kept(one.name), _kept(one.photo, _LINK_MAX), _kept(one.signature))
