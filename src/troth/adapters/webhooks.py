"""Messages to subscribers over HTTP, signed as Standard Webhooks say.

A subscriber's address is chosen by whoever may subscribe, so this is a request that somebody else directs. It goes to
the addresses that the name has at that moment and nowhere else: redirects are not followed, and link-local addresses,
where clouds keep the credentials of a machine, are refused.

*Source:* Standard Webhooks, specification 1.0 (https://www.standardwebhooks.com): headers, signature scheme v1, 410 as
the wish to end.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.request import getproxies

import httpx
from standardwebhooks import Webhook

import troth
from troth.flows.log.deliver import SEND_SECONDS_MAX, Message, Post, Response

_CONNECTIONS_MAX: Final = 200
_IDLE_SECONDS: Final = 30.0
_TEXT_BYTES_MAX: Final = 2_000
_DRAINED_BYTES_MAX: Final = 65_536
_CONNECT_SECONDS_MAX: Final = 5.0


class AddressRefused(httpx.TransportError):
    """The name of a subscriber stands for an address to which nothing is sent."""


@contextlib.asynccontextmanager
async def open_sender() -> AsyncIterator[Post]:
    """A way to send messages, over connections that are kept; they are closed when the block ends."""
    limits = httpx.Limits(max_connections=_CONNECTIONS_MAX, keepalive_expiry=_IDLE_SECONDS)
    async with httpx.AsyncClient(
        transport=_PinnedTransport(limits=limits),
        mounts=_proxies(limits),
        timeout=httpx.Timeout(SEND_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX),
        follow_redirects=False,
        headers={"user-agent": f"Troth/{troth.__version__}", "content-type": "application/json"},
    ) as client:

        async def post(message: Message) -> Response:
            return await _post(client, message)

        yield post


def sign(message: Message) -> dict[str, str]:
    """The headers by which a subscriber knows that a message is ours, and which one it is."""
    signature = _signer(message.secret).sign(message.webhook_id, message.sent_at, message.body.decode())
    return {
        "webhook-id": message.webhook_id,
        "webhook-timestamp": str(int(message.sent_at.timestamp())),
        "webhook-signature": signature,
    }


def is_refused(address: IPv4Address | IPv6Address) -> bool:
    """Whether nothing is sent to an address, whoever asks.

    >>> [is_refused(ip_address(text)) for text in ("169.254.169.254", "::ffff:169.254.0.1", "fe80::1", "10.0.0.5")]
    [True, True, True, False]
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_link_local or address.is_multicast or address.is_unspecified


async def _post(client: httpx.AsyncClient, message: Message) -> Response:
    try:
        async with asyncio.timeout(SEND_SECONDS_MAX):  # also for one who sends a byte now and then
            request = client.stream("POST", message.url, content=message.body, headers=sign(message))
            async with request as response:
                text = await _read_beginning(response)
                return Response(response.status_code, text, retry_after(response.headers))
    except TimeoutError:
        return Response(None, f"no answer within {SEND_SECONDS_MAX:.0f} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Response(None, f"{type(error).__name__}: {error}")


async def _read_beginning(response: httpx.Response) -> str:
    """The beginning of the body as text. A short body is read to its end, so that the connection can be used again."""
    beginning, read = b"", 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        beginning = (beginning + chunk)[:_TEXT_BYTES_MAX]
        if read > _DRAINED_BYTES_MAX:
            break
    return beginning.decode("utf-8", errors="replace")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait, given as a number or as a date; None where it does not say."""
    given = headers.get("retry-after", "")
    if given.isdecimal() and given.isascii():
        return float(given[:9])
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo is not None else None


def _proxies(limits: httpx.Limits) -> dict[str, httpx.AsyncBaseTransport | None]:
    """How to reach what the environment says is reached through a proxy, which then decides where requests may go."""
    given = getproxies()
    mounts: dict[str, httpx.AsyncBaseTransport | None] = {
        f"{scheme}://": httpx.AsyncHTTPTransport(proxy=given.get(scheme, given.get("all")), limits=limits)
        for scheme in ("http", "https")
        if given.get(scheme, given.get("all"))
    }
    excepted = [name.strip() for name in given.get("no", "").split(",") if name.strip()]
    if "*" in excepted:
        return {}
    return mounts | {f"all://{'*' if name.startswith('.') else ''}{name}": None for name in excepted if mounts}


@lru_cache(maxsize=1024)
def _signer(secret: str) -> Webhook:
    return Webhook(secret)


class _PinnedTransport(httpx.AsyncHTTPTransport):
    """Connects to the address that was looked up and checked, so that a second look-up cannot give another one."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
        addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if refused := [address for address in addresses if is_refused(address)]:
            raise AddressRefused(f"nothing is sent to {refused[0]}, for which {host} stands")
        if request.url.scheme == "https":
            request.extensions = {**request.extensions, "sni_hostname": host}
        *others, last = dict.fromkeys(addresses)
        for address in others:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._send_to(address, request)
        return await self._send_to(last, request)

    async def _send_to(self, address: IPv4Address | IPv6Address, request: httpx.Request) -> httpx.Response:
        # The Host header is set already and stays the name.
        request.url = request.url.copy_with(host=str(address))
        return await super().handle_async_request(request)
