"""Carriers through karrio, a library that speaks to some fifty of them (the extra `carriers` of this package).

It is synchronous, so each call has a thread. Most carriers do not know a repetition, and cannot be asked what became of
a request: a label of which nobody knows whether it was made is given up rather than bought twice.
"""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from troth.flows.memory.trackers import Poller
from troth.model.asked import Declined, Lost
from troth.model.label import (
    Bought,
    BuyOutcome,
    CarrierPaper,
    Consignment,
    Contact,
    Label,
    LabelAsk,
    Paper,
    Voided,
    VoidOutcome,
)
from troth.model.manifest import Closed, CloseOutcome, Manifest
from troth.model.money import Money, parse_money
from troth.model.shipping_rates import QuotedRate

UNKNOWN: Final = Declined(
    "unknown_outcome", "the carrier did not answer, and cannot be asked whether it made the label", is_final=True
)
_INTERNAL: Final = "SHIPPING_SDK_INTERNAL_ERROR"
_GRAMS: Final = Decimal(1_000)
_MM: Final = Decimal(10)


class Karrio:
    """One account at one carrier: `provider` is what karrio calls the carrier, `account` what it wants to know."""

    keeps_keys_hours: float = 0.0

    def __init__(self, provider: str, account: Mapping[str, Any]) -> None:
        import karrio.sdk as karrio  # takes a second, which who has no such carrier should not wait for

        self._sdk = karrio
        self._gateway = karrio.gateway[provider].create(dict(account))
        self._provider = provider

    @property
    def poller(self) -> Poller | None:
        """It is asked where parcels are by the settings of carriers, or tells that itself."""
        return None

    async def quote(self, consignments: Sequence[Consignment]) -> tuple[QuotedRate, ...]:
        """What its services cost for each parcel; those that it does not name for all are left out."""
        each = [await asyncio.to_thread(self._rates, one) for one in consignments]
        common = [service for service in each[0] if all(service in rates for rates in each)] if each else []
        return tuple(
            QuotedRate(
                service,
                tuple(rates[service][0].minor for rates in each),
                each[0][service][0].currency,
                max((at for rates in each if (at := rates[service][1]) is not None), default=None),
            )
            for service in common
        )

    async def buy(self, ask: LabelAsk) -> BuyOutcome:
        """Make a label."""
        return await asyncio.to_thread(self._buy, ask)

    async def find(self, ask: LabelAsk) -> BuyOutcome | None:
        """That nobody knows what became of it."""
        return UNKNOWN

    async def void(self, label: Label) -> VoidOutcome:
        """Take a label back."""
        return await asyncio.to_thread(self._void, label)

    async def close(self, manifest: Manifest) -> CloseOutcome:
        """The manifest is what the driver signs: the carrier knows of each parcel by its label already."""
        return Closed(manifest.manifest_id)

    def _rates(self, told: Consignment) -> dict[str, tuple[Money, datetime | None]]:
        request = self._models.RateRequest(**_addressed(told), parcels=[_parcel(told)], services=[], options={})
        found, messages = self._sdk.Rating.fetch(request).from_(self._gateway).parse()
        if not found and messages:
            raise ConnectionError(_told(messages).detail)
        return {
            rate.service: (
                parse_money(str(rate.total_charge), rate.currency),
                None if not rate.estimated_delivery else _end_of_day(rate.estimated_delivery),
            )
            for rate in found or ()
        }

    def _buy(self, ask: LabelAsk) -> BuyOutcome:
        told = ask.consignment
        request = self._models.ShipmentRequest(
            service=ask.service,
            **_addressed(told),
            parcels=[_parcel(told)],
            reference=ask.key,
            label_type="PDF",
            customs=_customs(told) if told.is_abroad else None,
        )
        made, messages = self._sdk.Shipment.create(request).from_(self._gateway).parse()
        if made is None:
            return _told(messages)
        charge = made.selected_rate
        cost = None if charge is None else parse_money(str(charge.total_charge), charge.currency)
        paper = Paper.ZPL if (made.label_type or "PDF").upper() == "ZPL" else Paper.PDF
        content = base64.b64decode(made.docs.label) if made.docs is not None and made.docs.label else b""
        return Bought(
            made.tracking_number,
            made.shipment_identifier or made.tracking_number,
            None if cost is None else cost.minor,
            "" if cost is None else cost.currency,
            (CarrierPaper(paper, content),) if content else (),
        )

    def _void(self, label: Label) -> VoidOutcome:
        request = self._models.ShipmentCancelRequest(shipment_identifier=label.reference, service=label.service)
        done, messages = self._sdk.Shipment.cancel(request).from_(self._gateway).parse()
        return Voided() if done is not None and done.success else _told(messages)

    @property
    def _models(self) -> Any:
        from karrio.core import models

        return models


def _addressed(told: Consignment) -> dict[str, Any]:
    return {"shipper": _address(told.sender), "recipient": _address(told.recipient)}


def _address(contact: Contact) -> dict[str, Any]:
    at = contact.address
    return {
        "person_name": contact.name or None,
        "address_line1": at.line1 or None,
        "address_line2": at.line2 or None,
        "city": at.city or None,
        "state_code": at.subdivision or None,
        "postal_code": at.postcode or None,
        "country_code": at.country,
        "phone_number": contact.phone or None,
        "email": contact.email or None,
        "residential": at.residential,
    }


def _parcel(told: Consignment) -> dict[str, Any]:
    length, width, height = told.size_mm
    sized = {"length": length, "width": width, "height": height} if length and width and height else {}
    return {
        "weight": float(Decimal(told.grams) / _GRAMS),
        "weight_unit": "KG",
        **{side: float(Decimal(mm) / _MM) for side, mm in sized.items()},
        "dimension_unit": "CM",
        "reference_number": told.reference,
        "items": [_commodity(told, at) for at in range(len(told.goods))],
    }


def _commodity(told: Consignment, at: int) -> dict[str, Any]:
    one = told.goods[at]
    return {
        "sku": one.sku,
        "title": one.name,
        "quantity": 1 if one.decimals else one.quantity,
        "weight": float(Decimal(one.unit_grams) / _GRAMS),
        "weight_unit": "KG",
        "value_amount": float(Money(one.unit_price_minor, told.currency).amount),
        "value_currency": told.currency,
        "hs_code": one.hs_code or None,
        "origin_country": one.origin or None,
    }


def _customs(told: Consignment) -> dict[str, Any]:
    return {
        "content_type": "merchandise",
        "incoterm": "DAP",
        "invoice": told.reference,
        "commodities": [_commodity(told, at) for at in range(len(told.goods))],
    }


def _told(messages: Sequence[Any]) -> Declined | Lost:
    """Why a carrier refused, in its own words. What went wrong in the library or on the way comes as a message, too: of
    that nobody knows what the carrier did.
    """
    codes = [str(one.code or "refused") for one in messages] or ["refused"]
    detail = "; ".join(str(one.message) for one in messages if one.message)
    if any(code == _INTERNAL or (code.isdecimal() and len(code) == 3 and code[0] == "5") for code in codes):
        return Lost(detail)
    return Declined(codes[0], detail, is_final=True)


def _end_of_day(day: str) -> datetime:
    return datetime.fromisoformat(day[:10]).replace(hour=23, minute=59, tzinfo=UTC)
