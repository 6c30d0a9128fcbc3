"""Notices of carriers: checkpoints as JSON, signed as Standard Webhooks say, with codes of the carrier's table.

*Source:* Standard Webhooks, specification 1.0 (https://www.standardwebhooks.com): headers and signature scheme v1.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from troth.adapters.tracking.codes import read_code
from troth.flows.memory.trackers import ToldCheckpoint, Trackers
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.tracking import Proof, normalize
from troth.settings import Settings

_CHECKPOINTS_MAX: Final = 1_000
_STATUS: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


class _Proof(msgspec.Struct, frozen=True):
    name: str = ""
    photo: str = ""
    signature: str = ""


class _Told(msgspec.Struct, frozen=True):
    """One checkpoint of a notice; what else it has is left aside."""

    tracking_number: str
    status: str
    at: datetime | None = None
    place: str = ""
    estimated_delivery_at: datetime | None = None
    proof: _Proof | None = None


_decoder = msgspec.json.Decoder(_Told | list[_Told])


class SignedNotices:
    """A carrier that signs its notices with a secret, and whose codes a table has (empty: it uses our words)."""

    def __init__(self, secret: str, table: str = "") -> None:
        self._signer, self._table = Webhook(secret), table

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> tuple[ToldCheckpoint, ...] | Invalid | None:
        """The checkpoints of a notice; None where it is not signed with the secret, or not in time."""
        try:
            self._signer.verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):
            return None
        try:
            read = _decoder.decode(body)
        except msgspec.MsgspecError as error:
            return Invalid((FieldFlaw("", str(error)),))
        told = read if isinstance(read, list) else [read]
        if len(told) > _CHECKPOINTS_MAX:
            return Invalid((FieldFlaw("", f"a notice may have {_CHECKPOINTS_MAX:,} checkpoints"),))
        flaws = tuple(
            FieldFlaw(f"/{at}/at", "must have an offset")
            for at, one in enumerate(told)
            if any(time is not None and time.tzinfo is None for time in (one.at, one.estimated_delivery_at))
        )
        return Invalid(flaws) if flaws else tuple(map(self._checkpoint, told))

    def _checkpoint(self, one: _Told) -> ToldCheckpoint:
        status = normalize(read_code(one.status, self._table))
        return ToldCheckpoint(
            one.tracking_number,
            status if _STATUS.fullmatch(status) else "unknown",
            one.at,
            one.place[:200],
            one.estimated_delivery_at,
            one.status[:64] if one.status != status else "",
            None if one.proof is None else Proof(one.proof.name, one.proof.photo, one.proof.signature),
        )


def make_trackers(settings: Settings) -> Trackers:
    """The carriers that tell us where parcels are, as the settings say."""
    return {
        carrier: SignedNotices(secret.get_secret_value(), settings.carrier_codes.get(carrier, ""))
        for carrier, secret in settings.carrier_secrets.items()
    }
