"""Carriers that are asked where parcels are: a GET with the tracking numbers, answered by checkpoints as JSON."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

import httpx

import troth
from troth.adapters.tracking.told import read_told
from troth.adapters.webhooks import retry_after
from troth.flows.memory.trackers import Pollers, Silent, ToldCheckpoint
from troth.model.refusals import Invalid
from troth.settings import Settings

_SECONDS_MAX: Final = 30.0
_CONNECT_SECONDS_MAX: Final = 5.0
_BYTES_MAX: Final = 4_000_000
_NONE_KNOWN: Final = 404
_TEXT_MAX: Final = 200


class HttpPoller:
    """Asks at one URL, as `?tracking_number=A&tracking_number=B`, for the checkpoints of these parcels. `key` is sent
    as a bearer token where there is one; the codes of the answer are those of a table (empty: our words).
    """

    numbers_max = 20
    speed = 1.0

    def __init__(self, client: httpx.AsyncClient, url: str, *, key: str = "", table: str = "") -> None:
        self._client, self._url, self._table = client, url, table
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    async def ask(self, tracking_numbers: Sequence[str]) -> tuple[ToldCheckpoint, ...] | Silent:
        """Everything that the carrier knows of these."""
        url = httpx.URL(self._url)
        url = url.copy_with(params=url.params.merge({"tracking_number": list(tracking_numbers)}))
        try:
            async with self._client.stream("GET", url, headers=self._headers) as response:
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _BYTES_MAX:
                        return Silent(f"more than {_BYTES_MAX:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Silent(f"{type(error).__name__}: {error}"[:_TEXT_MAX])
        if response.status_code == _NONE_KNOWN:
            return ()  # it knows none of them yet
        if not response.is_success:
            return Silent(f"answered {response.status_code}", retry_after(response.headers))
        told = read_told(body, self._table)
        if isinstance(told, Invalid):
            return Silent(f"cannot be read: {told.flaws[0].detail}"[:_TEXT_MAX])
        return told


@contextlib.asynccontextmanager
async def open_pollers(settings: Settings) -> AsyncIterator[Pollers]:
    """The carriers that are asked, as the settings say, over connections that are closed when the block ends."""
    timeout = httpx.Timeout(_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX)
    headers = {"user-agent": f"Troth/{troth.__version__}", "accept": "application/json"}
    async with httpx.AsyncClient(timeout=timeout, headers=headers) as client:
        yield {
            carrier.lower(): HttpPoller(
                client,
                url.get_secret_value(),
                key=settings.carrier_keys[carrier].get_secret_value() if carrier in settings.carrier_keys else "",
                table=settings.carrier_codes.get(carrier, ""),
            )
            for carrier, url in settings.carrier_urls.items()
        }
