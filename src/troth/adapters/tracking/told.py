"""Checkpoints as carriers write them, as JSON, with codes of their own table: one, or a list."""

import re
from dataclasses import replace
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
    proof = None if one.proof is None else make_proof(one.proof.name, one.proof.photo, one.proof.signature)
    made = make_checkpoint(one.tracking_number, one.status, one.at, one.place, table=table)
    estimate = made.estimated_delivery_at or one.estimated_delivery_at
    return replace(made, estimated_delivery_at=estimate, proof=proof)


def make_checkpoint(
    tracking_number: str, status: str, at: datetime | None, place: str, *, table: str
) -> ToldCheckpoint:
    """A checkpoint of a status in the words or codes of a carrier; of a code that is an estimate its time is when the
    parcel is expected.

    >>> make_checkpoint("1Z", "AG", datetime.fromisoformat("2026-11-24T17:00Z"), "", table="x12_214").at is None
    True
    """
    known = normalize(read_code(status, table))
    is_estimate = status in ESTIMATES.get(table, ())
    return ToldCheckpoint(
        tracking_number,
        known if _STATUS.fullmatch(known) else "unknown",
        None if is_estimate else at,
        _kept(place),
        at if is_estimate else None,
        _kept(status, 64) if status != known else "",
    )


def make_proof(name: str, photo: str = "", signature: str = "") -> Proof:
    """What shows that a parcel was handed over, as far as it is kept."""
    return Proof(_kept(name), _kept(photo, _LINK_MAX), _kept(signature))


def _kept(told: str, length_max: int = _TEXT_MAX) -> str:
    """The beginning of a text, without the one character that no database keeps."""
    return told.replace("\0", "")[:length_max]
