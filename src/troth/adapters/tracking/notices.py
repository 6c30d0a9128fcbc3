"""Notices of carriers: checkpoints as JSON, signed as Standard Webhooks say, with codes of the carrier's table.

*Source:* Standard Webhooks, specification 1.0 (https://www.standardwebhooks.com): headers and signature scheme v1.
"""

from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError

from troth.adapters.tracking.told import read_told
from troth.flows.memory.trackers import ToldCheckpoint, Trackers
from troth.model.refusals import Invalid
from troth.settings import Settings


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
        return read_told(body, self._table)


def make_trackers(settings: Settings) -> Trackers:
    """The carriers that tell us where parcels are, as the settings say."""
    return {
        carrier: SignedNotices(secret.get_secret_value(), settings.carrier_codes.get(carrier, ""))
        for carrier, secret in settings.carrier_secrets.items()
    }
