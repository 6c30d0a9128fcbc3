"""`troth edi`: what a file says, what is wrong with it, and what is answered; exit codes, words and JSON."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.typing_commands import type_command
from troth.adapters.edi.reading import read_interchanges
from troth.cli import run

GOLDEN = Path(__file__).parents[1] / "edi" / "golden"


def test_a_file_that_is_right_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    typed = type_command(capsys, "edi", "check", str(GOLDEN / "node.edi"))

    assert typed.code == 0
    assert typed.out.splitlines() == [
        "EDIFACT UNOC.3, interchange 88, 14 4098765000008 to 14 4012345000009, 2026-11-28 16:05, production",
        "  DESADV 1 (D.96A): 16 segments, accepted",
        "  ORDRSP 2 (D.96A): 11 segments, accepted",
    ]


def test_each_flaw_is_told_with_its_place_and_costs_no_other_transaction(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "came.x12"
    content = (GOLDEN / "214.x12").read_text()
    file.write_text(content.replace("*20261129*1412*LT", "*20261131*1412*LT").replace("IEA*1", "IEA*2") + "and more")
    end = content.index("IEA") + len("IEA*1*000000910~\n")

    typed = type_command(capsys, "edi", "check", str(file))

    assert typed.code == 1
    assert typed.out.splitlines()[1:] == [
        "  214 0001 (group 910, 004010): 11 segments, accepted",
        "  214 0002 (group 910, 004010): 6 segments, rejected",
        "  IEA, element 1: counts 2 groups, and has 1 (2)",
        "  transaction 0002, segment 4 AT7, element 5: is no date: Date (20261131)",
        f"at {end}: is no interchange",
    ]


def test_a_script_gets_what_is_wrong_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    typed = type_command(capsys, "edi", "check", "--json", str(GOLDEN / "releases.edi"))

    found = json.loads(typed.out)["interchanges"][0]
    assert typed.code == 1
    assert [(one["control"], one["outcome"]) for one in found["transactions"]] == [("1", "rejected"), ("2", "rejected")]
    assert found["flaws"][0] == {
        "group": "", "transaction": "2", "place": 3, "tag": "UNT", "element": 1, "component": 0,
        "code": "count_differs", "detail": "counts 9 segments, and has 3", "value": "9", "loop": "",
    }  # fmt: skip


def test_segments_and_elements_are_shown_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    typed = type_command(capsys, "edi", "show", str(GOLDEN / "carrier.edi"))
    as_json = type_command(capsys, "edi", "show", "--json", str(GOLDEN / "carrier.edi"))

    assert typed.code == 0
    assert typed.out.splitlines()[1] == "  IFTSTA 1 Multimodal status report"
    assert typed.out.splitlines()[6] == "       6 STS Status: Status type 1, Status event 13"
    assert json.loads(as_json.out)[0]["segments"][4]["elements"] == [["Status type", "1"], ["Status event", "13"]]


def test_a_file_is_acknowledged(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    file = str(GOLDEN / "945.x12")

    code, out = _acknowledge(capsysbinary, file, "--form", "999", "--control", "77")

    (read,) = read_interchanges(out).interchanges
    (group,) = read.interchange.groups
    assert (code, read.flaws, read.interchange.control) == (0, (), "000000077")
    assert (group.code, group.version, group.transactions[0].kind) == ("FA", "005010X231A1", "999")
    assert [one.get(4) for one in read.interchange.receipts] == ["A"]


def test_an_acknowledgment_that_rejects_says_so_by_its_exit_code(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    code, out = _acknowledge(capsysbinary, str(GOLDEN / "releases.edi"))
    nothing = _acknowledge(capsysbinary, str(GOLDEN / "releases.contrl.edi"))

    assert (code, b"UCM+2+INSDES:D:96A:UN:EAN001+4+29+UNT+2'" in out) == (1, True)
    assert nothing == (1, b"")


def _acknowledge(capsys: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, bytes]:
    code = run(["edi", "acknowledge", *arguments])
    return code, capsys.readouterr().out


def test_a_form_that_the_syntax_has_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    typed = type_command(capsys, "edi", "acknowledge", "--form", "CONTRL", str(GOLDEN / "945.x12"))

    assert (typed.code, typed.out) == (2, "")
    assert typed.err == "CONTRL is no acknowledgment of x12; none, 997, 999 are\n"


def test_standard_input_is_read_as_a_file_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((GOLDEN / "945.x12").read_bytes())))

    assert type_command(capsys, "edi", "check", "-").out.splitlines()[1] == (
        "  945 0001 (group 88, 004010): 17 segments, accepted"
    )


def test_what_is_no_interchange_is_said_to_be_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order,line\n")

    typed = type_command(capsys, "edi", "check", str(file))

    assert (typed.code, typed.out) == (1, "at 0: has neither an ISA nor a UNB: it is no interchange\n")
