"""Stripe as it is played by localstripe, in a process of its own, behind a door that can lose answers and requests."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

STARTED = "Running on"


@dataclass(slots=True)
class LocalStripe:
    """The server and the door before it. `lose_answers` of so many of the next requests are lost after they had their
    effect, `lose_requests` never arrive; `posts` are the keys under which something was posted that arrived.

    localstripe knows no disputes: the door tells those that were put there, the newest first, in pages of two. Nor does
    it know idempotency keys. The door does what Stripe says of them: the first answer under a key is
    the answer to every repetition.
    """

    url: str
    direct: httpx.AsyncClient
    lose_answers: int = 0
    lose_requests: int = 0
    posts: list[str] = field(default_factory=list)
    disputes: list[dict[str, object]] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    async def forget(self) -> None:
        """Be as if nothing had happened yet."""
        await self.direct.delete("/_config/data")
        self.lose_answers = self.lose_requests = 0
        self.posts.clear()
        self.disputes.clear()
        self.answers.clear()

    async def pass_on(self, request: Request) -> Response:
        """Pass a request on, or not."""
        if request.url.path == "/v1/disputes":
            return self._tell_disputes(request)
        key = request.headers.get("idempotency-key", "")
        body = await request.body()
        if request.method == "POST" and self.lose_requests:
            self.lose_requests -= 1
            return Response(status_code=503)
        if key not in self.answers or request.method != "POST":
            answer = await self.direct.request(
                request.method,
                request.url.path,
                params=dict(request.query_params.multi_items()),
                content=body,
                headers=_kept(request.headers),
            )
            answered = (answer.status_code, answer.content)
            if request.method == "POST":
                self.posts.append(key)
                self.answers[key] = answered
        else:
            answered = self.answers[key]
        if request.method == "POST" and self.lose_answers:
            self.lose_answers -= 1
            return Response(status_code=503)
        return Response(answered[1], answered[0], media_type="application/json")

    def _tell_disputes(self, request: Request) -> Response:
        asked = request.query_params
        since, intent = int(asked.get("created[gte]", "0")), asked.get("payment_intent")
        told = [
            one
            for one in self.disputes
            if int(str(one["created"])) >= since and intent in (None, one["payment_intent"])
        ]
        names = [one["id"] for one in told]
        begin = names.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        page = told[begin : begin + 2]
        return JSONResponse({"object": "list", "data": page, "has_more": begin + 2 < len(told), "url": "/v1/disputes"})


@asynccontextmanager
async def open_local_stripe(folder: Path) -> AsyncIterator[LocalStripe]:
    """A fresh Stripe; its process ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port),
        cwd=folder, env={"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert STARTED in (await process.stdout.readline()).decode()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as direct:
            door = LocalStripe("", direct)
            methods = ["GET", "POST", "DELETE"]
            app = Starlette(routes=[Route("/{path:path}", door.pass_on, methods=methods)])
            async with serve(app) as url:
                door.url = url
                yield door
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def serve(app: Starlette) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("authorization", "content-type") if name in headers}
