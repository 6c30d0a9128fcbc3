"""How Stripe's library reaches Stripe: over connections of ours, which are closed with the gateway.

The library's own client for httpx hands bodies over in a way that httpx has deprecated.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import stripe


class HttpxClient(stripe.HTTPClient):
    """Sends the library's requests with httpx; each must be answered within some seconds."""

    name = "httpx"

    def __init__(self, *, seconds_max: float) -> None:
        super().__init__()
        self._client = httpx.AsyncClient(timeout=seconds_max)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """The answer's body, status and headers; APIConnectionError where there was none."""
        try:
            answer = await self._client.request(method, url, headers=dict(headers), content=post_data or None)
        except httpx.HTTPError as error:
            raise stripe.APIConnectionError(f"{type(error).__name__}: {error}") from error  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    async def sleep_async(self, secs: float) -> None:
        """Wait, as the library asks between two tries."""
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close all connections."""
        await self._client.aclose()
