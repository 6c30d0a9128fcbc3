"""The page on the codec says in which codes each flaw is told, whether it rejects, and which sets there are."""

import re
from importlib.resources import files

from tools.reference import DOCS
from troth.adapters.edi.acknowledge_codes import CONTRL_CODES, ELEMENT_CODES, SEGMENT_CODES, TRANSACTION_CODES
from troth.adapters.edi.flaws import NOTED, Fault

PAGE = (DOCS / "edi-codec.md").read_text(encoding="utf-8")
FAULTS = {
    "trailer missing": (Fault.TRAILER_MISSING,),
    "control numbers differ": (Fault.CONTROL_DIFFERS,),
    "number of segments differs": (Fault.COUNT_DIFFERS,),
    "control number not unique": (Fault.CONTROL_NOT_UNIQUE,),
    "set not supported": (Fault.KIND_NOT_SUPPORTED,),
    "set not of its group": (Fault.KIND_NOT_OF_GROUP,),
    "mandatory segment missing": (Fault.SEGMENT_MISSING,),
    "mandatory element missing": (Fault.ELEMENT_MISSING,),
    "no number": (Fault.NUMBER_INVALID,),
    "no date, no time": (Fault.DATE_INVALID, Fault.TIME_INVALID),
    "not known, or contradicts what is known": (Fault.VALUE_NOT_KNOWN, Fault.VALUE_CONTRADICTS),
    "segment of no standard": (Fault.SEGMENT_UNKNOWN,),
    "segment not of the set": (Fault.SEGMENT_NOT_IN_SET,),
    "segment out of order": (Fault.SEGMENT_OUT_OF_ORDER,),
    "segment, loop too often": (Fault.SEGMENT_TOO_OFTEN, Fault.LOOP_TOO_OFTEN),
    "element missing that another one demands": (Fault.ELEMENT_MISSING_BESIDE,),
    "element that another one excludes": (Fault.ELEMENT_EXCLUDED,),
    "too many elements, components, repetitions": (
        Fault.ELEMENTS_TOO_MANY, Fault.COMPONENTS_TOO_MANY, Fault.REPEATED_TOO_OFTEN,
    ),
    "too short, too long": (Fault.TOO_SHORT, Fault.TOO_LONG),
    "characters, code": (Fault.CHARACTER_INVALID, Fault.CODE_INVALID),
}  # fmt: skip


def test_each_flaw_is_told_in_the_codes_that_the_page_says_and_rejects_or_is_noted_as_it_says() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (AK[345]) ([\d, ]+) \| ([\d, ]+) \| (rejects|noted) \|$", PAGE, re.MULTILINE)
    codes = {"AK3": SEGMENT_CODES, "AK4": ELEMENT_CODES, "AK5": TRANSACTION_CODES}

    assert [row[0] for row in rows] == list(FAULTS)
    for name, segment, x12, contrl, weight in rows:
        faults = FAULTS[name]
        assert {codes[segment][fault] for fault in faults} == set(x12.split(", "))
        assert {CONTRL_CODES[fault] for fault in faults} == set(contrl.split(", "))
        assert {fault in NOTED for fault in faults} == {weight == "noted"}


def test_the_page_names_the_sets_that_the_directory_has() -> None:
    folder = files("troth.adapters.edi.directory")
    there = {path.name.removesuffix(".txt") for name in ("x12/sets", "edifact/D.96A", "edifact/D.01B")
             for path in folder.joinpath(name).iterdir()}  # fmt: skip
    listed = re.findall(r"^- \*\*(?:X12|EDIFACT)\*\*: (.+)$", PAGE, re.MULTILINE)

    assert set(re.findall(r"\b(?:\d{3}|[A-Z]{6})\b", " ".join(listed))) == there


def test_the_page_shows_a_set_and_a_segment_as_the_directory_has_them() -> None:
    folder = files("troth.adapters.edi.directory").joinpath("x12")
    rows = [
        *folder.joinpath("sets", "945.txt").read_text().splitlines()[:4],
        next(row for row in folder.joinpath("segments.txt").read_text().splitlines() if row.startswith("N1 ")),
        next(row for row in folder.joinpath("elements.txt").read_text().splitlines() if row.startswith("93 ")),
    ]

    assert [row for row in rows if row not in PAGE.splitlines()] == []
