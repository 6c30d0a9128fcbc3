"""The pictures of the store app: orders that a store has to do are placed, and looked at on a phone."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.error import HTTPError

from playwright.sync_api import Browser, Page

from tools.picture_server import IMAGES, Server, log_in

_PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
_ENOUGH: Final = 8
_ITEMS: Final = 4
_PLACES: Final = ("A-2", "A-10", "B-4", "C-1")
_NAMES: Final = ("Ada Park", "Ben Ortiz", "Chiara Lopes", "Dev Shah", "Ema Novak")


@dataclass(frozen=True, slots=True)
class Floor:
    """A store with items on its shelves (`skus`), where its app is, and its work: to be picked, and ready."""

    node: str
    here: str
    skus: tuple[str, ...]
    to_pick: tuple[str, ...]
    ready: str
    code: str


def take_store(browser: Browser, server: Server) -> Iterator[str]:
    """Write every picture of the store app; their names."""
    floor = make_floor(server)
    page = browser.new_context(**_PHONE).new_page()
    log_in(page, server.address, "store")
    for name, show in _PICTURES.items():
        show(page, floor)
        page.screenshot(path=IMAGES / f"{name}.png")
        yield name


def make_floor(server: Server) -> Floor:
    """The first store that has enough of some items, with new pickups of them: most to be picked, one ready."""
    nodes = server.call("/v1/nodes?limit=200")["items"]
    for node in (one["node_id"] for one in nodes if one["type"] == "store" and one["pickup"]):
        rows = server.call(f"/v1/inventory?node={node}&limit=200")["items"]
        skus = tuple(islice((row["sku"] for row in rows if row["available"] >= _ENOUGH), _ITEMS))
        if len(skus) == _ITEMS:
            places = [{"sku": sku, "node": node, "place": at} for sku, at in zip(skus, _PLACES, strict=True)]
            server.call("/v1/inventory/shelf-places", {"places": places})
            return _with_work(server, node, skus)
    raise SystemExit("no store has enough of anything: load the sample first")


def _with_work(server: Server, node: str, skus: tuple[str, ...]) -> Floor:
    began = int(time.time()) % 100_000
    works = [
        _released(server, node, f"W-{began + number}", name, skus[number % 2 : number % 2 + 2])
        for number, name in enumerate(_NAMES)
    ]
    ready = works[-1]
    server.call(f"/v1/fulfillments/{ready}/ready", {"staging": "A3"})
    order = server.call(f"/v1/orders/{server.call(f'/v1/fulfillments/{ready}')['order_id']}")
    return Floor(
        node,
        f"{server.address}/store/at/{node}",
        skus,
        tuple(works[:-1]),
        ready,
        order["fulfillments"][0]["pickup_code"],
    )


def _released(server: Server, node: str, name: str, customer: str, skus: tuple[str, ...]) -> str:
    body = {
        "channel": "web",
        "external_id": name,
        "customer": {"name": customer},
        "method": "pickup",
        "pickup_node": node,
        "lines": [{"line_id": str(number), "sku": sku, "quantity": 1} for number, sku in enumerate(skus, 1)],
    }
    try:
        order = server.call("/v1/orders", body)
    except HTTPError as refused:
        raise SystemExit(f"{name}: {refused.read().decode()}") from refused
    server.call(f"/v1/orders/{order['order_id']}/release", {})
    work: str = order["fulfillments"][0]["fulfillment_id"]
    return work


def _tasks(page: Page, floor: Floor) -> None:
    page.goto(floor.here)
    page.get_by_text("Live", exact=True).wait_for()


def _walk(page: Page, floor: Floor) -> None:
    page.goto(f"{floor.here}/walk?work={floor.to_pick[0]}&work={floor.to_pick[1]}")
    page.get_by_label("Scan or type a code").fill(floor.skus[0])
    page.keyboard.press("Enter")
    page.locator("#scanned[data-good='yes']").wait_for()
    page.evaluate("scrollTo(0, 0)")


def _handover(page: Page, floor: Floor) -> None:
    page.goto(f"{floor.here}/work/{floor.ready}?code={floor.code}")
    page.get_by_role("button", name="Hand over", exact=True).wait_for()


def _sell(page: Page, floor: Floor) -> None:
    page.goto(f"{floor.here}/sell?sku={floor.skus[2]}&quantity=1&how=ship&postcode=10001&country=US")
    page.get_by_role("button", name="Sell it").wait_for()
    page.evaluate("document.querySelector('form[data-queue]').scrollIntoView(); scrollBy(0, -70)")


def _offline(page: Page, floor: Floor) -> None:
    page.goto(f"{floor.here}/work/{floor.to_pick[2]}")
    page.locator("html.scripted").wait_for()
    page.context.set_offline(offline=True)
    for sku in floor.skus[:3]:
        page.get_by_label("Scan or type a code").fill(sku)
        page.keyboard.press("Enter")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Picked", exact=True).click()
    page.get_by_text("1 action waits for the network").wait_for()


_PICTURES: Final[dict[str, Callable[[Page, Floor], None]]] = {
    "store-tasks": _tasks,
    "store-walk": _walk,
    "store-handover": _handover,
    "store-sell": _sell,
    "store-offline": _offline,
}
"""What is shown, the picture without a network last: nothing is asked of the server after it."""
