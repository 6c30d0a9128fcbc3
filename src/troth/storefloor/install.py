"""What lets a phone keep the app on its home screen, and open its pages while there is no network."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_SCRIPT: Final = Path(__file__).parent / "static" / "worker.js"


async def show_worker(request: Request) -> Response:
    """The script that keeps pages; it stands above them, since a browser lets it rule only what is below it."""
    return Response(_SCRIPT.read_bytes(), media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def show_manifest(request: Request) -> Response:
    """How the app is called and looks on a home screen."""
    base = request.scope.get("root_path", "")
    return JSONResponse(
        {
            "name": "Troth store",
            "short_name": "Store",
            "start_url": f"{base}/",
            "scope": f"{base}/",
            "display": "standalone",
            "background_color": "#f6f7f8",
            "theme_color": "#0f6e66",
            "icons": [{"src": f"{base}/static/mark.svg", "sizes": "any", "type": "image/svg+xml"}],
        },
        media_type="application/manifest+json",
    )


routes = [
    Route("/worker.js", show_worker, name="worker"),
    Route("/manifest.webmanifest", show_manifest, name="manifest"),
]
