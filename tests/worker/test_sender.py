"""Where messages go, and what becomes of the answers."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.worker.receiver import Receiver
from troth.adapters.webhooks import open_sender
from troth.flows.log.deliver import Message, Response


def message(url: str) -> Message:
    return Message(url, "whsec_" + "A" * 43 + "=", "wh_1-7-1", b"{}", datetime.now(UTC))


async def send(url: str) -> Response:
    async with open_sender() as post:
        return await post(message(url))


async def test_a_proxy_that_the_environment_names_gets_what_is_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = receiver.url.removesuffix("/hook")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,.internal")
    assert (await send("http://erp.example.com/troth")).status == 200
    assert (await send(receiver.url)).status == 200
    assert [received.path for received in receiver.received] == ["http://erp.example.com/troth", "/hook"]


async def test_the_host_is_named_as_the_subscriber_named_it(receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "localhost")
    assert (await send(url)).status == 200
    assert receiver.received[0].headers["host"] == url.removeprefix("http://").removesuffix("/hook")


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0:80/", "http://224.0.0.1/"],
)  # fmt: skip
async def test_addresses_that_are_nobodys_business_are_refused(url: str) -> None:
    refused = await send(url)
    assert (refused.status, refused.text[:14]) == (None, "AddressRefused")


async def test_a_name_that_stands_for_nothing_is_an_answer_and_no_exception() -> None:
    assert (await send("http://nobody.invalid/")).status is None


async def test_of_a_long_answer_only_the_beginning_is_kept(receiver: Receiver) -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n" + b"\xff" * 200_000)
        try:
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    async with server:
        answered = await send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (answered.status, len(answered.text)) == (200, 2_000)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), ("soon", None), ("-5", None), ("Mon, 23 Nov 2020 15:00:00 GMT", 0.0)],
)
async def test_how_long_to_wait_is_a_number_or_a_date(receiver: Receiver, header: str, seconds: float | None) -> None:
    receiver.answer = lambda received: (503, f"retry-after: {header}\r\n")
    assert (await send(receiver.url)).retry_after == seconds
