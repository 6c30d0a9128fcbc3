"""What is sold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from troth.model.ids import Sku


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the catalog.

    Prices in minor units, weight in grams, dimensions (length, width, height) in millimeters.
    """

    sku: Sku
    name: str = ""
    category: str = ""
    currency: str = "USD"
    price_minor: int = 0
    cost_minor: int = 0
    weight_grams: int = 0
    dimensions_mm: tuple[int, int, int] = (0, 0, 0)
    gtin: str = ""
    kit: tuple[tuple[Sku, int], ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
