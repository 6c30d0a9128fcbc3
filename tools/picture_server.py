"""The running server of which pictures are taken, and how a person gets in."""

import json
import os
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page

from tools.reference import DOCS

IMAGES: Final = DOCS / "images"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and how to talk to it."""

    address: str
    key: str

    def call(self, path: str, body: object = None) -> Any:
        """The answer to a GET, or to a POST of a body; HTTPError where it is refused."""
        request = urllib.request.Request(
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def log_in(page: Page, address: str, entrance: str) -> None:
    """Enter the console or the store app as a person does."""
    page.goto(f"{address}/{entrance}/login")
    page.get_by_label("Login").fill(os.environ.get("TROTH_LOGIN", "admin"))
    page.get_by_label("Password").fill(os.environ["TROTH_PASSWORD"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{address}/{entrance}/")
