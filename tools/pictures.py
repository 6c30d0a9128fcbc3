"""Make the pictures of the README and the documentation from a running server with the sample retailer.

`TROTH_API_KEY=… TROTH_PASSWORD=… python -m tools.pictures http://127.0.0.1:8080` saves some routings and a rate card
there, as it shows them, and writes `docs/images/*.png`. A server without orders has little to show: let
`troth traffic --rate 8 --duration 150` run before.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from tools.reference import DOCS
from troth.engine.rate_cards import STANDARD
from troth.store.codec import encode

IMAGES: Final = DOCS / "images"
_WIDTH: Final = 1280
_SCALE: Final = 1.5
_ORDERS_LOOKED_AT: Final = 200
_CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the file's name, the path below the console, and how high it is (CSS pixels)."""

    name: str
    path: str
    height: int = 860


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and how to talk to it."""

    address: str
    key: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer to a request; HTTPError where it is refused."""
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def main() -> None:
    """Prepare the server, and take every picture."""
    server = Server(sys.argv[1].rstrip("/"), os.environ["TROTH_API_KEY"])
    prepare(server)
    order = find_telling_order(server)
    pictures = (
        Picture("overview", "/"),
        Picture("order", f"/orders/{order['order_id']}", 1150),
        Picture("why", f"/orders/{order['order_id']}/why"),
        Picture("inventory", f"/inventory/{order['lines'][0]['sku']}"),
        Picture("routing", "/routing/default?version=2"),
        Picture("rate-card", "/rate-cards/standard?version=2"),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": 860}, device_scale_factor=_SCALE)
        log_in(page, server.address)
        for picture in pictures:
            take(page, server.address, picture)
            print(f"Written to docs/images/{picture.name}.png")
        browser.close()


def prepare(server: Server) -> None:
    """Save and activate what the pictures of configuration show, where it is not there."""
    presets = {one["name"]: one["content"] for one in server.call("GET", "/v1/routings/presets")["items"]}
    default, own = presets["default"], presets["own_region_first"]
    fewer = default | {"weights": {"split_minor": 450}, "limits": {"shipments_max": 2}}
    card = json.loads(encode(STANDARD))
    _once(server, "/v1/routings/default", "To begin with", default, _activate("Go-live of rules"))
    _once(server, "/v1/routings/default", "Fewer splits before peak", fewer, _activate("Try on a tenth", percent=10))
    _once(server, "/v1/routings/own-region", "", own, _activate("Holidays", days=30))
    _once(server, "/v1/rate-cards/standard", "As agreed", card, _activate("Contract of this year"))
    _once(server, "/v1/rate-cards/standard", "Fuel of the season", card | {"fuel_basis_points": 750}, None)


def find_telling_order(server: Server) -> Any:
    """Of the newest orders, those first that nothing happened to yet, the one from most nodes and with most lines."""
    orders = server.call("GET", f"/v1/orders?limit={_ORDERS_LOOKED_AT}")["items"]
    if not orders:
        raise SystemExit("there is no order yet: let `troth traffic` run first")
    return max(orders, key=lambda order: (order["version"] == 1, len(order["fulfillments"]), len(order["lines"])))


def log_in(page: Page, address: str) -> None:
    """Enter the console as a person does."""
    page.goto(f"{address}/console/login")
    page.get_by_label("Login").fill(os.environ.get("TROTH_LOGIN", "admin"))
    page.get_by_label("Password").fill(os.environ["TROTH_PASSWORD"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{address}/console/")


def take(page: Page, address: str, picture: Picture) -> None:
    """Write one picture; a page with a live sign is waited for until it is live."""
    page.set_viewport_size({"width": _WIDTH, "height": picture.height})
    page.goto(f"{address}/console{picture.path}")
    if page.locator("#live").count():
        page.get_by_text("Live", exact=True).wait_for()
    page.screenshot(path=IMAGES / f"{picture.name}.png")


def _activate(reason: str, *, percent: int | None = None, days: int = 0) -> Callable[[int], dict[str, Any]]:
    begins = (datetime.now(UTC) + timedelta(days=days)).isoformat() if days else None
    more = {"canary_percent": percent, "effective_from": begins}
    return lambda version: {"version": version, "reason": reason} | {k: v for k, v in more.items() if v is not None}


def _once(
    server: Server, path: str, note: str, content: object, activate: Callable[[int], dict[str, Any]] | None
) -> None:
    """Save a version, and put it in force, unless a version with its note is there."""
    try:
        known = server.call("GET", f"{path}/versions")["items"]
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        known = []
    if any(version["note"] == note for version in known):
        return
    saved = server.call("PUT", f"{path}?note={quote(note)}", content)
    if activate is not None:
        server.call("POST", f"{path}/activate", activate(saved["version"]))


if __name__ == "__main__":
    main()
