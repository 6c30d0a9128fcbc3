"""What is locked installs with the oldest Python that is promised."""

import re
import tomllib
from importlib.metadata import distribution, distributions
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([a-z0-9._-]+)==", re.MULTILINE)


def test_every_locked_package_takes_the_oldest_python_that_is_promised() -> None:
    promised = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])
    (oldest,) = (f"{one.version}.0" for one in promised)
    here = {str(one.metadata["Name"]).lower().replace("_", "-") for one in distributions()}
    locked = set(PINNED.findall((ROOT / "requirements-dev.txt").read_text())) & here
    assert len(locked) > 100
    wants = {name: distribution(name).metadata.json.get("requires_python") for name in locked}
    assert [
        f"{name} wants Python {want}" for name, want in wants.items() if want and oldest not in SpecifierSet(str(want))
    ] == []
