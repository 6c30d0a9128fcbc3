"""Make the pictures of the README and the documentation from a running server with the sample retailer.

`TROTH_API_KEY=… TROTH_PASSWORD=… python -m tools.pictures http://127.0.0.1:8080` writes `docs/images/*.png`. The
database has lived a day by `tools.sample_day` before: it has the orders, the routings and the rate card that are shown.
"""

import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from tools.picture_server import IMAGES, Server, log_in
from tools.store_pictures import take_store

_WIDTH: Final = 1280
_SCALE: Final = 1.5
_ORDERS_LOOKED_AT: Final = 200
_LOOKED_UP: Final = ("latitude", "longitude", "residential")
_CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the file's name, the path below the console, and how high it is (CSS pixels)."""

    name: str
    path: str
    height: int = 860


def main() -> None:
    """Take every picture."""
    server = Server(sys.argv[1].rstrip("/"), os.environ["TROTH_API_KEY"])
    order, again = order_again(server, find_telling_orders(server))
    pictures = (
        Picture("overview", "/"),
        Picture("order", f"/orders/{order['order_id']}", 1150),
        Picture("why", f"/orders/{again['order_id']}/why"),
        Picture("inventory", f"/inventory/{order['lines'][0]['sku']}"),
        Picture("exceptions", "/exceptions"),
        Picture("routing", "/routing/default?version=2"),
        Picture("rate-card", "/rate-cards/standard?version=2"),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": 860}, device_scale_factor=_SCALE)
        log_in(page, server.address, "console")
        for picture in pictures:
            take(page, server.address, picture)
            print(f"Written to docs/images/{picture.name}.png")
        for name in take_store(browser, server):
            print(f"Written to docs/images/{name}.png")
        browser.close()


def find_telling_orders(server: Server) -> list[Any]:
    """The newest orders: first those from most nodes, none of which rejected them, and of these those of most lines."""
    orders = server.call(f"/v1/orders?limit={_ORDERS_LOOKED_AT}")["items"]
    if not orders:
        raise SystemExit("there is no order yet: let tools.sample_day run first")
    return sorted(
        orders,
        key=lambda order: (
            all(work["status"] != "rejected" for work in order["fulfillments"]),
            len({work["node"] for work in order["fulfillments"]}),
            len(order["lines"]),
        ),
        reverse=True,
    )


def order_again(server: Server, orders: list[Any]) -> tuple[Any, Any]:
    """The first order of which there is enough left, and the same placed now: what decided it is at hand, so that it
    can be explained in full.
    """
    for number, order in enumerate(orders):
        if order["ship_to"] is None:
            continue
        place = {name: value for name, value in order["ship_to"].items() if name not in _LOOKED_UP}
        lines = [{name: line[name] for name in ("line_id", "sku", "quantity", "unit_price")} for line in order["lines"]]
        body = {"channel": "web", "external_id": f"W-{int(time.time())}-{number}", "ship_to": place, "lines": lines}
        try:
            return order, server.call("/v1/orders", body)
        except urllib.error.HTTPError as refused:
            if refused.code != 409:
                raise
    raise SystemExit("nothing of the newest orders could be ordered again")


def take(page: Page, address: str, picture: Picture) -> None:
    """Write one picture; a page with a live sign is waited for until it is live."""
    page.set_viewport_size({"width": _WIDTH, "height": picture.height})
    page.goto(f"{address}/console{picture.path}")
    if page.locator("#live").count():
        page.get_by_text("Live", exact=True).wait_for()
    page.screenshot(path=IMAGES / f"{picture.name}.png")


if __name__ == "__main__":
    main()
