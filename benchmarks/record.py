"""What a benchmark reached before: each result keeps earlier ratios, and a fall against the last of them is told.

A ratio to a baseline of the same rounds says more than seconds of a shared machine, but a tail still varies by tens of
percent from run to run. So a figure has fallen only if its median ratio is 15 % worse than the recorded one and none of
its rounds came that near.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

WORSE_MAX: Final = 0.15
"""By this share of the recorded ratio a figure may be worse."""

_KEPT: Final = 12
"""So many earlier results are kept."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure whose ratio to its baseline is worse than what was recorded."""

    name: str
    recorded: float
    now: float

    @property
    def text(self) -> str:
        """The fall in words."""
        return f"{self.name}: {self.now:.3f} of its baseline, recorded {self.recorded:.3f}"


def find_falls(recorded: Mapping[str, Any], measured: Mapping[str, Any]) -> list[Fall]:
    """The figures of a result that have fallen against the recorded result of the same benchmark."""
    before = {one["name"]: one["ratio"] for one in recorded["figures"]}
    falls = []
    for one in measured["figures"]:
        was, rounds = before.get(one["name"]), one.get("ratios") or [one["ratio"]]
        if was is None or one["ratio"] is None:
            continue
        best = max(rounds) if one["better"] == "more" else min(rounds)
        if _is_worse(one["ratio"], was, one["better"]) and _is_worse(best, was, one["better"]):
            falls.append(Fall(one["name"], was, one["ratio"]))
    return falls


def _is_worse(now: float, was: float, better: str) -> bool:
    return now < was * (1 - WORSE_MAX) if better == "more" else now > was / (1 - WORSE_MAX)


def with_history(measured: Mapping[str, Any], recorded: Mapping[str, Any] | None) -> dict[str, Any]:
    """A result with what was recorded before it, newest first."""
    if recorded is None:
        return {**measured, "history": []}
    last = {
        "at": recorded["at"],
        "commit": recorded["commit"],
        "ratios": {one["name"]: one["ratio"] for one in recorded["figures"] if one["ratio"] is not None},
    }
    return {**measured, "history": [last, *recorded.get("history", ())][:_KEPT]}


def earlier_ratios(name: str, history: Iterable[Mapping[str, Any]]) -> list[float]:
    """The ratios of a figure in earlier results, newest first."""
    return [one["ratios"][name] for one in history if name in one["ratios"]]
