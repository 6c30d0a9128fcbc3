"""`troth traffic`: customers and nodes that keep a server with the sample retailer busy, through its API."""

import asyncio
import json
import secrets
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import Annotated, Final

import httpx
import typer

from troth.cli.client import TIMEOUT_SECONDS, ApiKey, Url, answer_of, headers_of, server_url
from troth.cli.exits import UNREACHABLE, Failed
from troth.cli.running import AsJson, run_loop, settings_of, stop_on_signals
from troth.cli.sample import SEED
from troth.cli.shoppers import Shoppers, Tally
from troth.cli.terminal import say, show
from troth.replay.demand import draw_orders
from troth.replay.retailer import Retailer, make_retailer

_LINE_SECONDS: Final = 10.0
_REFRESH_SECONDS: Final = 0.5
_CONNECTIONS_MAX: Final = 100
_LOST_MAX: Final = 20


class _Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("traffic")(traffic)


def traffic(
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="Orders a second, on average.")] = 5.0,
    duration: Annotated[float | None, typer.Option(min=0.1, help="Seconds to go on; until Ctrl-C otherwise.")] = None,
    pace: Annotated[float, typer.Option(min=0, help="Seconds between two steps of a fulfillment, on average.")] = 4.0,
    seed: Annotated[int | None, typer.Option(help="Of the demand; another one each time where it is left out.")] = None,
    sample: Annotated[_Size, typer.Option(help="Which sample retailer the server has.")] = _Size.SMALL,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Send orders from all channels to a running server and move their fulfillments along.

    Most are released and worked on to the door; some are canceled, rejected or picked short, as in life.
    """
    headers = headers_of(api_key)
    base = server_url(settings_of(), url)
    chosen = seed if seed is not None else secrets.randbelow(2**31)
    say(f"Sending to {base}, {rate:g} orders a second, seed {chosen}. Ctrl-C stops it.")
    retailer = make_retailer(sample.value, seed=SEED, today=datetime.now(UTC).date())
    tally = run_loop(_run(retailer, base, headers, rate=rate, duration=duration, pace=pace, seed=chosen))
    show(json.dumps(tally.as_dict() | {"seed": chosen}) if as_json else tally.text())


async def _run(
    retailer: Retailer,
    base: str,
    headers: dict[str, str],
    *,
    rate: float,
    duration: float | None,
    pace: float,
    seed: int,
) -> Tally:
    stop = stop_on_signals()
    limits = httpx.Limits(max_connections=_CONNECTIONS_MAX, max_keepalive_connections=_CONNECTIONS_MAX)
    async with httpx.AsyncClient(
        base_url=base, headers=headers, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False
    ) as client:
        answer_of(await client.get("/v1/orders", params={"limit": "1"}))
        shoppers = Shoppers(client, Random(seed), pace_seconds=pace)
        watch = asyncio.create_task(_watch(shoppers.tally, stop))
        bodies = draw_orders(retailer, seed=seed, start=datetime.now(UTC))
        began_at = next_at = time.monotonic()
        chance = Random(seed + 1)
        for body in bodies:
            next_at += chance.expovariate(rate)
            if duration is not None and next_at - began_at > duration:
                await _pause(stop, began_at + duration - time.monotonic())
                break
            await _pause(stop, next_at - time.monotonic())
            if stop.is_set() or shoppers.tally.lost_in_a_row > _LOST_MAX:
                break
            shoppers.come(body)
        stop.set()
        await shoppers.leave()
        await watch
        if shoppers.tally.lost_in_a_row > _LOST_MAX:
            raise Failed(f"The server no longer answers.\n{shoppers.tally.text()}", UNREACHABLE)
    return shoppers.tally


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds > 0:
        try:
            await asyncio.wait_for(stop.wait(), timeout=seconds)
        except TimeoutError:
            return


async def _watch(tally: Tally, stop: asyncio.Event) -> None:
    """Keep a line about it on the screen, or write one now and then where nobody looks on."""
    is_watched = sys.stderr.isatty()
    while not stop.is_set():
        await _pause(stop, _REFRESH_SECONDS if is_watched else _LINE_SECONDS)
        if is_watched:
            sys.stderr.write(f"\r\x1b[K{tally.text()}")
            sys.stderr.flush()
        else:
            say(tally.text())
    if is_watched:
        sys.stderr.write("\r\x1b[K")
