"""What is sold."""

from collections.abc import Mapping
from dataclasses import field

from troth.model.ids import Sku
from troth.model.measure import PIECE
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Substitute:
    """An item that may stand in for another; the customer pays `price_delta_minor` more for each unit of it."""

    sku: Sku
    price_delta_minor: int = 0


@dataclass(frozen=True, slots=True)
class Restrictions:
    """Where an item may not go, and what whoever keeps and carries it must be able to do.

    Places are a country (`US`) or one of its regions (`US-CA`): `not_to` are destinations, `not_from` origins. No
    `methods` means every method. A node must have all capabilities in `node_needs`, a service those in `service_needs`.
    """

    not_to: tuple[str, ...] = ()
    not_from: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    node_needs: tuple[str, ...] = ()
    service_needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the catalog.

    Prices in minor units, weight in grams, dimensions (length, width, height) in millimeters. A `kit` is made of units
    of other items; `substitutes` are ranked, the best first; `ship_alone` is never in a parcel with other lines.
    `return_basis_points` is the share of units that come back; None: that of its category. For so many days after its
    delivery (`min_remaining_days`) what is sent must still be good. Of a `serialized` item each unit has a number.
    One that is sold by measure has its `unit` (`m`, `kg`, …) and so many `decimals`: price, cost and weight are of one.
    At most `backorder_max` units may be promised from what is still to come, over all nodes and orders; None: as many
    as come. `barcodes` are codes beside its SKU and its GTIN that a unit is scanned as.
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
    substitutes: tuple[Substitute, ...] = ()
    ship_alone: bool = False
    restrictions: Restrictions | None = None
    brand: str = ""
    return_basis_points: int | None = None
    min_remaining_days: int = 0
    serialized: bool = False
    unit: str = PIECE
    decimals: int = 0
    backorder_max: int | None = None
    barcodes: tuple[str, ...] = ()
