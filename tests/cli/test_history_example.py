"""The example mapping reads an export of the kind that it is for."""

from pathlib import Path

from troth.adapters.history import read_mapping
from troth.adapters.history.assemble import Draft, assemble, survey
from troth.cli.load_files import read_nodes

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROWS = [
    "700001,90001a,TIN LANTERN,6,3/1/11 8:26,2.55,12001.0,EIRE",
    "700001,POST,POSTAGE,1,3/1/11 8:26,18.00,12001.0,EIRE",
    "C700002,90001A,TIN LANTERN,-6,3/2/11 9:00,2.55,12001.0,EIRE",
    "700003,90002,,-30,3/2/11 9:05,0.0,,United Kingdom",
    "700004,90002,RED MUG,12,3/2/11 9:06,1.25,12002.0,United Kingdom",
]


def test_it_takes_the_goods_and_skips_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n")
    mapping = read_mapping(EXAMPLES / "online_retail.toml")
    skipped: list[str] = []

    found = list(assemble(path, mapping, survey(path, mapping), read=lambda: None, skip=skipped.append))

    drafts = [each for each in found if isinstance(each, Draft)]
    assert [(draft.content.external_id, [line.sku for line in draft.lines]) for draft in drafts] == [
        ("700001", ["90001A"]),
        ("700004", ["90002"]),
    ]
    assert drafts[0].content.customer.id == "12001"
    assert drafts[0].content.ship_to is not None
    assert drafts[0].content.ship_to.country == "IE"
    assert skipped == ["charge, not goods", "cancellation", "stock correction"]
    assert len(found) == 2


def test_its_node_can_be_loaded() -> None:
    assert [node.node for node in read_nodes(EXAMPLES / "online_retail_nodes.json", "USD")] == ["DC-GB"]
