"""The fields of the form of an item."""

from typing import Final

from troth.console.record_codecs import NUMBER, PAIRS, SIZES, TEXT, WORDS, Column, money, rows
from troth.console.record_form import Field, Group, Widget

_KIT: Final = rows(Column("sku", TEXT), Column("quantity", NUMBER))
_PARCEL: Final = Group(
    "In a parcel",
    (
        Field("weight_kg", "Weight, kg", NUMBER, hint="to the gram"),
        Field("dimensions_cm", "Length x width x height, cm", SIZES, hint="such as 34 x 21 x 12.5"),
        Field("ship_alone", "Always alone in its parcel", widget=Widget.FLAG),
    ),
)
_WHERE: Final = Group(
    "Where it may go, and by what",
    (
        Field("restrictions/not_to", "Not to", WORDS, hint="countries and regions, such as CA, US-HI", width=3),
        Field("restrictions/not_from", "Not from", WORDS, width=3),
        Field("restrictions/methods", "Only by", WORDS, hint="methods, such as ship, pickup; empty: all"),
        Field("restrictions/node_needs", "A node must be able to", WORDS, hint="such as hazardous, chilled"),
        Field("restrictions/service_needs", "A service must be able to", WORDS),
    ),
)
_STOCK: Final = Group(
    "In stock",
    (
        Field("unit", "One of it is", start="each", hint="each, or a measure, such as m or kg"),
        Field("decimals", "Decimals of its quantities", NUMBER, start="0"),
        Field("serialized", "Each unit has a serial number", widget=Widget.FLAG),
        Field("min_remaining_days", "Days it must still be good after delivery", NUMBER, start="0"),
        Field("backorder_max", "Units promised of what is to come, at most", NUMBER, hint="empty: no limit"),
    ),
)


def item_groups(currency: str) -> tuple[Group, ...]:
    """The groups of fields of an item; amounts that name no other currency are in this one."""
    amount = money(currency)
    what = Group(
        "What it is",
        (
            Field("name", "Name", hint="empty: its SKU", width=4),
            Field("gtin", "GTIN"),
            Field("barcodes", "Other barcodes", WORDS, hint="that a unit is scanned as"),
            Field("category", "Category"),
            Field("brand", "Brand"),
            Field("attributes", "Attributes", PAIRS, Widget.ROWS, hint="one a row: color = black", width=4),
        ),
    )
    money_of = Group(
        "What it is worth",
        (
            Field("price", "Price", amount, hint="such as 19.90, or 19.90 EUR"),
            Field("cost", "Cost", amount),
            Field("return_percent", "Comes back, percent", NUMBER, hint="empty: as its category"),
        ),
    )
    instead = Group(
        "Made of other items, or replaced by them",
        (
            Field("kit", "A kit of", _KIT, Widget.ROWS, "SKU; how many; empty: no kit", width=3),
            Field(
                "substitutes",
                "Substitutes, the best first",
                rows(Column("sku", TEXT), Column("price_delta", amount)),
                Widget.ROWS,
                "SKU; what a unit costs the customer more",
                width=3,
            ),
        ),
    )
    return (what, money_of, _PARCEL, _STOCK, instead, _WHERE)
