"""Rules of style that a linter doesn't know."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 350
BANNED_IN_MODULES = re.compile(r"(^|_)(managers?|helpers?|utils?|repository|repositories)(_|$)|_services?$")
BANNED_IN_CLASSES = re.compile(r"(Manager|Helper|Utils?|Repository|[a-z]Service)s?$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
INDEX_ADDRESS = re.compile(
    r"(pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian|--(extra-)?index-url[= ]\S|--find-links[= ]\S)"
)
OF_ONE_MACHINE = re.compile(r"(?<![\w.<$}*])/(root|home/\w+|Users/\w+)(/|\b)")
IMPURE = re.compile(
    r"\b((datetime\.(now|utcnow|today)|date\.today|time\.(time|monotonic|perf_counter)|uuid[14]|Random|default_rng)\(\)"
    r"|datetime\.now\()|^\s*(import|from) (random(?! import Random$)|secrets|time|os|socket|logging)\b"
)
PURE_PACKAGES = ("model", "engine", "planning", "replay")


def find_tracked() -> list[Path]:
    """Return all files that are, or would be, in a commit, and still there."""
    listing = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return [path for name in listing.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def read_text(path: Path) -> str:
    """Return a file's text, or nothing where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


TRACKED = find_tracked()
SOURCES = [path for path in TRACKED if path.suffix == ".py" and path.is_relative_to(ROOT / "src")]


def find_lines(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Return where `pattern` occurs, as path:line."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in paths
        for number, line in enumerate(read_text(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def test_a_long_file_says_in_its_first_line_why_it_is_one_thing() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}: {len(lines)} lines"
        for path in TRACKED
        if path.suffix == ".py"
        and len(lines := read_text(path).splitlines()) > LINES_MAX
        and "One thing:" not in lines[0]
    ]

    assert too_long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in SOURCES if BANNED_IN_MODULES.search(path.stem)] == []


def test_no_class_has_a_name_that_says_nothing() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(read_text(path)))
        if isinstance(node, ast.ClassDef) and BANNED_IN_CLASSES.search(node.name)
    ]

    assert found == []


def test_the_core_reads_no_clock_no_environment_and_no_source_of_chance() -> None:
    pure = [path for path in SOURCES if path.relative_to(ROOT / "src/troth").parts[0] in PURE_PACKAGES]

    assert find_lines(IMPURE, pure) == []


def test_values_are_made_by_their_own_decorator() -> None:
    frozen = [path for path in SOURCES if re.search(r"^@dataclass\(.*frozen=True", read_text(path), re.MULTILINE)]

    assert len(frozen) > 100
    assert [path for path in frozen if "from troth.model.value import dataclass\n" not in read_text(path)] == []


def test_nothing_is_left_to_do() -> None:
    assert find_lines(UNFINISHED, [path for path in TRACKED if path != Path(__file__).resolve()]) == []


def test_no_file_names_a_package_index() -> None:
    assert find_lines(INDEX_ADDRESS, [path for path in TRACKED if path != Path(__file__).resolve()]) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert find_lines(OF_ONE_MACHINE, [path for path in TRACKED if path != Path(__file__).resolve()]) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-setup.txt"])
def test_every_locked_version_has_its_hashes_and_nothing_else(name: str) -> None:
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line and not line.lstrip().startswith("#")]

    assert [line for line in pinned if not re.fullmatch(r"[a-z0-9-]+==\S+( +--hash=sha256:[0-9a-f]{64})+", line)] == []


def test_the_versions_for_tests_are_those_that_users_get() -> None:
    versions = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
    users, tests = (
        dict(versions.findall((ROOT / f).read_text())) for f in ("requirements.txt", "requirements-dev.txt")
    )

    assert {name: tests.get(name) for name in users} == users


@pytest.mark.parametrize(
    ("text", "is_found"),
    [("cd /root/x", True), ("/root", True), ("'/home/ann/'", True), ("GET /v1/root", False), ("{base}/root", False)],
)
def test_the_rule_for_places_finds_what_it_should(*, text: str, is_found: bool) -> None:
    assert bool(OF_ONE_MACHINE.search(text)) is is_found


def test_what_is_tested_fast_asks_for_no_database_and_no_browser() -> None:
    found = re.search(r"^FAST := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found is not None
    named = [ROOT / name for name in found[1].split() if name.startswith("tests/")]
    files = [path for one in named for path in ([one] if one.is_file() else sorted(one.rglob("test_*.py")))]
    asked = [
        (path.name, node.name, argument.arg)
        for path in files
        for node in ast.walk(ast.parse(read_text(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for argument in node.args.args
    ]

    assert len(asked) > 500
    assert [one for one in asked if one[2] in {"dsn", "database", "databases", "system", "api", "browser"}] == []
