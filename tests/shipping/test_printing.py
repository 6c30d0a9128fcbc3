"""What is printed can be read by people and by scanners, in any script, and a reprint is the same."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.builders import NEW_YORK, item, node
from tests.shipping.printed import codes_of, ink_of, pages_of, picture_of, size_of
from tests.shipping.sending import DEPOT
from troth.engine.shipping.code128 import QUIET_MODULES, encode_code128, is_encodable
from troth.engine.shipping.sscc import make_sscc
from troth.flows.orders.shelf_lines import Stop, Want
from troth.flows.shipping.papers import PickList
from troth.model.barcodes import check_digit
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.label import Consignment, Contact, Label, LabelState
from troth.printing.elements import Bars, Text
from troth.printing.fonts import find_fonts
from troth.printing.label_layout import lay_out_label
from troth.printing.label_pdf import render_labels_pdf
from troth.printing.label_zpl import render_labels_zpl
from troth.printing.pick_list import render_pick_list

FONTS = find_fonts()
ZONE = "America/New_York"
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)


def a_label(name: str = "Ada Park", **changes: Any) -> Label:
    to = replace(NEW_YORK, name=name)
    consignment = Consignment(
        Contact("Harrisburg DC", DEPOT), Contact(name, to), "W-1001", (), "USD", 1_200, (0, 0, 0), AT, AT, 1, 2
    )
    made = Label(
        OrderId("O-26SR2YAV7FYG310C5Q3V"),
        1,
        FulfillmentId("O-26SR2YAV7FYG310C5Q3V-F1"),
        "1",
        NodeId("DC-PA"),
        "parcel",
        "next_day",
        consignment,
        AT,
        "test",
        LabelState.BOUGHT,
        tracking_number="SP6826437413894",
        sscc="106141412345678908",
        answered_at=AT,
    )
    return replace(made, **changes)


def test_a_label_is_scanned_and_read() -> None:
    content = render_labels_pdf([a_label()], FONTS, ZONE)

    assert size_of(content) == (102, 152)
    assert codes_of(content) == {
        ("Code 128", "SP6826437413894"),
        ("QR Code", "O-26SR2YAV7FYG310C5Q3V-L1"),
        ("Code 128", "(00)106141412345678908"),
    }
    (text,) = pages_of(content)
    for told in ("PARCEL", "Next day", "1.2 kg", "1 of 2", "Harrisburg DC", "Ada Park", "1 Main St",
                 "New York NY 10001", "UNITED STATES", "Order W-1001", "Ship by 2026-11-23"):  # fmt: skip
        assert told in text


def test_a_number_stands_in_the_middle_below_its_bars() -> None:
    layout = lay_out_label(a_label(), ZONE)
    bars = [one for one in layout if isinstance(one, Bars)]
    numbers = [one for one in layout if isinstance(one, Text) and one.is_centered]

    assert [one.text for one in numbers] == ["SP6826437413894", "SSCC (00) 106141412345678908"]
    assert [(one.x, one.width) for one in numbers] == [(one.x, one.width) for one in bars]
    zpl = render_labels_zpl([a_label()], FONTS, ZONE).decode("ascii")
    assert re.findall(r"\^FB[0-9]+,1,0,C\^FH_\^FD(.+?)\^FS", zpl) == [one.text for one in numbers]


def test_a_reprint_is_the_same_and_several_are_on_pages_of_their_own() -> None:
    once, twice = (render_labels_pdf([a_label()], FONTS, ZONE) for _ in range(2))
    both = render_labels_pdf([a_label(), a_label(number=2, tracking_number="SP0000000000000")], FONTS, ZONE)

    assert once == twice
    assert codes_of(both, 1) >= {("Code 128", "SP0000000000000"), ("QR Code", "O-26SR2YAV7FYG310C5Q3V-L2")}


@pytest.mark.parametrize(
    "name",
    ["Müller & Søn", "Привет Мир", "李小龍", "カタカナ", "김철수", "مرحبا بالعالم", "שלום", "नमस्ते", "สวัสดี", "Ελένη"],
)  # fmt: skip
def test_a_name_in_any_script_is_printed(name: str) -> None:
    assert all(path in FONTS.paths and piece for path, piece in FONTS.runs(name))
    assert FONTS.font_of("\U000e1234") == FONTS.paths[0]  # what no font has is asked of the first

    shown, boxes = (
        picture_of(render_labels_pdf([a_label(text)], FONTS, ZONE), top=49.5, bottom=55)
        for text in (name, "\U000e1234" * len(name))
    )

    assert ink_of(shown) > 40 * len(name)
    assert shown != boxes


def test_fonts_of_ones_own_come_first(tmp_path: Path) -> None:
    own = tmp_path / "Own.ttf"
    own.write_bytes(FONTS.paths[0].read_bytes())

    assert find_fonts((tmp_path,)).font_of("A") == own


def test_a_long_name_stays_on_the_label() -> None:
    content = render_labels_pdf([a_label("Gesellschaft für außerordentlich lange Namen " * 3)], FONTS, ZONE)

    assert "SP6826437413894" in {text for _, text in codes_of(content)}


def pictures_of(zpl: str) -> list[Image.Image]:
    """The pictures in a label."""
    found = []
    for size, row_bytes, data in re.findall(r"\^GFA,(\d+),\d+,(\d+),([0-9A-F]+)\^FS", zpl):
        dots = bytes.fromhex(data)
        assert len(dots) == int(size)
        found.append(Image.frombytes("1", (int(row_bytes) * 8, int(size) // int(row_bytes)), dots))
    return found


def test_zpl_says_the_same_in_the_printers_own_words() -> None:
    zpl = render_labels_zpl([a_label("Müller ^ ~Søn_")], FONTS, ZONE).decode("ascii")

    assert zpl.startswith("^XA^CI28^PW813^LL1219")
    assert zpl.endswith("^XZ\n")
    assert "^FH_^FDM_C3_BCller _5E _7ES_C3_B8n_5F^FS" in zpl
    assert "^BCN,176,N,N,N,A^FDSP6826437413894^FS" in zpl
    assert "^FD>;>800106141412345678908^FS" in zpl
    assert "^FDMA,O-26SR2YAV7FYG310C5Q3V-L1^FS" in zpl
    assert pictures_of(zpl) == []


def test_zpl_has_a_picture_of_a_name_that_the_printer_has_no_letters_for() -> None:
    (picture,) = pictures_of(render_labels_zpl([a_label("李小龍 مرحبا")], FONTS, ZONE).decode("ascii"))

    assert picture.height == 42
    assert 400 < picture.convert("L").histogram()[255] < 0.5 * picture.width * picture.height


@settings(max_examples=60)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30))
def test_what_is_encoded_is_what_a_scanner_reads(text: str) -> None:
    widths = encode_code128(text)

    assert is_encodable(text)
    assert (len(widths) - 7) % 6 == 0
    modules = [QUIET_MODULES, *widths, QUIET_MODULES]
    image = Image.new("L", (sum(modules) * 3, 60), 255)
    x = 0
    for place, width in enumerate(modules):
        if place % 2:
            image.paste(0, (x * 3, 0, (x + width) * 3, 60))
        x += width
    (read,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.Code128))
    assert read.text == text


@given(st.text(st.characters(min_codepoint=0x30, max_codepoint=0x39), min_size=4, max_size=40))
def test_digits_take_half_the_room(digits: str) -> None:
    even = len(digits) // 2 * 2

    assert sum(encode_code128(digits[:even])) == 11 * (even // 2 + 2) + 13


@given(st.from_regex(r"\A\d{7,10}\Z"), st.integers(1, 10**6))
def test_no_two_serials_have_the_same_sscc(prefix: str, serial: int) -> None:
    one, other = make_sscc(prefix, serial), make_sscc(prefix, serial + 1)

    assert one != other
    assert (len(one), check_digit(one[:-1]), one[1 : 1 + len(prefix)]) == (18, one[-1], prefix)


def test_a_pick_list_has_the_stops_in_order_and_codes_to_scan() -> None:
    stops = tuple(
        Stop(
            Sku(f"SKU-{n}"),
            item(f"SKU-{n}", name=f"Item {n} 李"),
            f"A-{n:02}",
            (),
            (Want(FulfillmentId("O-1-F1"), LineId("1"), "W-1", 1, n + 1),),
        )
        for n in range(30)
    )
    told = PickList(node().node, (), stops, AT, ZONE, "US")

    content = render_pick_list(told, FONTS)

    texts = pages_of(content)
    assert (len(texts), size_of(content)) == (2, (216, 279))
    assert [int(number) for number in re.findall(r"\bA-(\d\d)\b", "\n".join(texts))] == list(range(30))
    assert ("Code 128", "SKU-3") in codes_of(content)
