"""Routings that are made from a few parameters, as drafts to go on from."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from inspect import cleandoc
from typing import Any, Final

import msgspec

from troth.engine.rules import presets
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.routing import Routing
from troth.model.value import dataclass

_KINDS: Final[Mapping[str, Any]] = {
    "number": float,
    "whole number": int,
    "text": str,
    "list of nodes": tuple[str, ...],
    "list of classes": tuple[str, ...],
    "true or false": bool,
}
EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "list of nodes": ("DC-1", "ST-1"),
    "list of classes": ("gold", "silver"),
}
"""What a list of each kind may name."""
_LIST_MAX: Final = 5_000
_NUMBER_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a preset can be told; without a `default` it must be."""

    name: str
    kind: str
    description: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class Preset:
    """A routing under a name that retailers know; `make` takes the parameters by name."""

    name: str
    parameters: tuple[Parameter, ...]
    make: Callable[..., Routing]

    @property
    def description(self) -> str:
        """What it does, in its first paragraph."""
        return " ".join(cleandoc(self.make.__doc__ or "").split("\n\n")[0].split())


PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset
    for preset in (
        Preset(
            "default",
            (Parameter("weeks", "number", "above how many weeks of supply a store lends", 3.0),),
            presets.default,
        ),
        Preset("nearest_first", (), presets.nearest_first),
        Preset("fewest_splits", (), presets.fewest_splits),
        Preset(
            "ranked_locations",
            (
                Parameter("nodes", "list of nodes", "the nodes, the first choice first"),
                Parameter("is_exclusive", "true or false", "whether nobody else may send", default=False),
            ),
            presets.ranked_locations,
        ),
        Preset("own_region_first", (), presets.own_region_first),
        Preset(
            "weeks_of_supply",
            (Parameter("weeks", "number", "how many weeks of supply a store must have", 4.0),),
            presets.weeks_of_supply,
        ),
        Preset(
            "protect_stores",
            (Parameter("units", "whole number", "how many units a store keeps of each item", 2),),
            presets.protect_stores,
        ),
        Preset(
            "markdown_clearance",
            (Parameter("attribute", "text", "the attribute of items that are marked down", "clearance"),),
            presets.markdown_clearance,
        ),
        Preset(
            "reliable_nodes",
            (
                Parameter("accept_rate", "number", "how much of its work a node must take on (share)", 0.9),
                Parameter("on_time_rate", "number", "how much of it must be out in time (share)", 0.9),
            ),
            presets.reliable_nodes,
        ),
        Preset("single_location_or_all", (), presets.single_location_or_all),
        Preset(
            "classes_first",
            (
                Parameter("classes", "list of classes", "the classes of customers, the most important first"),
                Parameter("floor_percent", "whole number", "the floor of each class behind, in percent", 10),
            ),
            presets.classes_first,
        ),
    )
}


def make_preset(name: str, given: Mapping[str, Any]) -> dict[str, Any] | Invalid | NotFound:
    """The content of the routing that a preset makes of these parameters, without what is at its default anyway."""
    preset = PRESETS.get(name)
    if preset is None:
        return NotFound("preset", name)
    known = {parameter.name: parameter for parameter in preset.parameters}
    flaws = [
        FieldFlaw(f"/parameters/{other}", f"there is no parameter {other}") for other in given if other not in known
    ]
    values: dict[str, Any] = {}
    for parameter in preset.parameters:
        value = given.get(parameter.name, parameter.default)
        flaw = _flaw(parameter, value)
        if flaw:
            flaws.append(FieldFlaw(f"/parameters/{parameter.name}", flaw))
        else:
            values[parameter.name] = msgspec.convert(value, _KINDS[parameter.kind])
    if flaws:
        return Invalid(tuple(flaws))
    content: dict[str, Any] = lean(preset.make(**values))
    del content["name"]
    return content


def example_of(preset: Preset) -> dict[str, Any]:
    """What a preset makes without parameters, for a list with an example's."""
    given = {parameter.name: EXAMPLES[parameter.kind] for parameter in preset.parameters if parameter.kind in EXAMPLES}
    content = make_preset(preset.name, given)
    if not isinstance(content, dict):
        raise TypeError(f"the preset {preset.name} cannot be made: {content}")
    return content


def lean(value: Any) -> Any:
    """Plain JSON of a value, without the fields that are at their defaults.

    >>> lean(Routing("a", compare=Routing().compare))
    {'name': 'a'}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: lean(getattr(value, field.name))
            for field in fields(value)
            if getattr(value, field.name)
            != (field.default if field.default_factory is MISSING else field.default_factory())
        }
    if isinstance(value, Mapping):
        return {str(name): lean(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [lean(one) for one in value]
    return value.value if isinstance(value, Enum) else value


def _flaw(parameter: Parameter, value: Any) -> str:
    """What is wrong with a parameter's value, if anything."""
    if value is None:
        return "is required"
    try:
        converted = msgspec.convert(value, _KINDS[parameter.kind])
    except msgspec.ValidationError:
        return f"must be a {parameter.kind}"
    if isinstance(converted, tuple):
        return "" if 0 < len(converted) <= _LIST_MAX else f"must name 1 to {_LIST_MAX:,} {parameter.kind[8:]}"
    if isinstance(converted, str):
        return "" if converted.strip() else "must not be empty"
    return "" if 0 <= converted <= _NUMBER_MAX else f"must be from 0 to {_NUMBER_MAX:,}"
