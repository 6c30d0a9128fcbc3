"""A real browser for tests of pages, and a server for it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Final

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect
from starlette.applications import Starlette

from troth.pages.live import end_streams

CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A copy of the accessibility checker, where a developer has one; it is no part of this project.
AXE: Final = Path(os.environ["AXE_CORE_JS"]).read_text() if "AXE_CORE_JS" in os.environ else ""
MARKS: Final = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: nothing was tried in a browser"),
]

expect.set_options(timeout=30_000)  # milliseconds: the machine may be busy with other tests


class Server(uvicorn.Server):
    """uvicorn that says when it listens, and ends the streams of entrances before it stops."""

    def __init__(self, config: uvicorn.Config, *entrances: Starlette) -> None:
        super().__init__(config)
        self.entrances = entrances
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        end_streams(*self.entrances)
        await super().shutdown(sockets)


@asynccontextmanager
async def serving(app: Starlette, *entrances: Starlette) -> AsyncIterator[str]:
    """Serve an app with these entrances on a free port; its address."""
    server = Server(uvicorn.Config(app, port=0, log_level="warning", ws="none", lifespan="off"), *entrances)
    running = asyncio.create_task(server.serve())
    await asyncio.wait_for(server.listens.wait(), 30)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await asyncio.wait_for(running, 30)


@asynccontextmanager
async def opened_browser(*arguments: str) -> AsyncIterator[Browser]:
    """A Chromium with these arguments beside ours."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments])
        yield opened
        await opened.close()


async def is_accessible(page: Page) -> list[object]:
    """What the accessibility checker finds on a page; nothing where there is no checker."""
    if not AXE:
        return []
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    return list(found)
