"""A stand-in for UPS as its public API answers: tokens, rates, shipments and voids, over HTTP on this machine."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image


def paper() -> str:
    """A label as UPS prints it: a picture."""
    kept = io.BytesIO()
    Image.new("L", (40, 60), 255).save(kept, "GIF")
    return base64.b64encode(kept.getvalue()).decode()


class Books:
    """What the stand-in was asked, and how it is to answer: `fault` is "" or "refuses" or "breaks"."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.fault = ""


@contextmanager
def open_ups() -> Iterator[tuple[str, Books]]:
    """The address of the stand-in, and its books."""
    books = Books()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            self._answer(self.rfile.read(size))

        def do_DELETE(self) -> None:
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            path = self.path.partition("?")[0]
            books.asked.append((self.command, path))
            status, answer = _answer_to(books, path, body)
            content = answer.encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", books
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer_to(books: Books, path: str, body: bytes) -> tuple[int, str]:
    if path == "/security/v1/oauth/token":
        token = {"access_token": "t", "issued_at": "4000000000000", "expires_in": "14399", "token_type": "Bearer"}
        return 200, json.dumps(token)
    if books.fault == "breaks":
        return 503, "<html>down</html>"
    if books.fault == "refuses":
        why = {"response": {"errors": [{"code": "120802", "message": "Address Validation Error on ShipTo address"}]}}
        return 400, json.dumps(why)
    if "/void/" in path:
        done = {"Status": {"Code": "1", "Description": "Voided"}}
        return 200, json.dumps(
            {"VoidShipmentResponse": {"Response": {"ResponseStatus": {"Code": "1"}}, "SummaryResult": done}}
        )
    books.bodies.append(json.loads(body))
    if "/rating/" in path:
        return 200, json.dumps(
            {"RateResponse": {"Response": {}, "RatedShipment": [_rated("03", "11.50"), _rated("01", "45.10")]}}
        )
    results = {
        "ShipmentCharges": {"TotalCharges": {"CurrencyCode": "USD", "MonetaryValue": "11.50"}},
        "ShipmentIdentificationNumber": "1Z999AA10123456784",
        "PackageResults": [
            {
                "TrackingNumber": "1Z999AA10123456784",
                "ShippingLabel": {"ImageFormat": {"Code": "GIF"}, "GraphicImage": paper()},
            }
        ],
    }
    return 200, json.dumps({"ShipmentResponse": {"Response": {}, "ShipmentResults": results}})


def _rated(code: str, value: str) -> dict[str, Any]:
    charge = {"CurrencyCode": "USD", "MonetaryValue": value}
    return {
        "Service": {"Code": code},
        "TotalCharges": charge,
        "TransportationCharges": charge,
        "BaseServiceCharge": charge,
        "ServiceOptionsCharges": charge | {"MonetaryValue": "0.00"},
        "RatedPackage": [],
    }
