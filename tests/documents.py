"""Contents of versioned configuration, as clients send them."""

from typing import Any


def routing(**changes: Any) -> dict[str, Any]:
    """A routing that asks distribution centers first, then anybody."""
    values: dict[str, Any] = {
        "description": "Distribution centers first",
        "tiers": [
            {"name": "DCs", "filters": [{"name": "DCs only", "expression": "node.type == 'dc'"}]},
            {"name": "anybody", "none": "backorder", "partial": "backorder"},
        ],
    }
    return values | changes


def rate_card(**changes: Any) -> dict[str, Any]:
    """A card of the standard service: one zone, one bracket, one dollar a parcel."""
    values: dict[str, Any] = {
        "service": "standard",
        "carrier": "cheap",
        "currency": "USD",
        "zone_miles": [25000],
        "brackets_grams": [30000],
        "rates_minor": [[100]],
        "over_minor": [10],
        "transit_days": [1],
    }
    return values | changes
