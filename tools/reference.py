"""Write the reference pages of the documentation from the code: events, refusals and commands.

`python -m tools.reference` writes the pages. The tidy tests compare them with what this module renders, so that they
can't go stale.
"""

import dataclasses
import enum
import importlib.util
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from typer.main import get_command

from troth.http.edge.problems import PROBLEMS, PROTESTS
from troth.model.events import EVENTS
from troth.model.refusals import REFUSALS

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
_PLAIN_NAMES: Final = {
    str: "text",
    int: "integer",
    bool: "true or false",
    float: "number",
    bytes: "bytes",
    Decimal: "decimal",
    datetime: "time",
    date: "date",
    timedelta: "duration",
    types.NoneType: "nothing",
    Any: "any value",
}
_EVENTS_INTRO: Final = """# Events

What happened, in the past tense, and in the order in which it did: the event log is audit trail, outbox, change feed
and replay tape in one. An event is never changed. Its kind is the heading, its body the fields below.
"""
_REFUSALS_INTRO: Final = """# Refusals

An expected no. The code is stable and is the end of the problem's `type` (`/problems/CODE`, relative to the server);
the sentence is its text, and beside it stands the HTTP status. A *transient* one may be sent again as it is; any other
will be refused again until something else has changed. A refused command has changed nothing.
"""
_PROTESTS_INTRO: Final = """## What HTTP itself refuses

These are found before anything is decided, and are problems of the same form.
"""
_CLI_INTRO: Final = """# Commands

Every command explains itself with `--help`.
"""


def render_events() -> str:
    """Return the page of all event kinds, with the values that their bodies are made of."""
    sections = [f"## {kind}\n\n{_describe(event)}\n" for kind, event in EVENTS.items()]
    values = _find_values(EVENTS.values())
    sections.append("## What bodies are made of\n")
    sections += [f"### {value.__name__}\n\n{_describe(value)}\n" for value in values]
    return "\n".join((_EVENTS_INTRO, *sections))


def render_refusals() -> str:
    """Return the page of all refusals, with the values in their data."""
    sections = [_describe_no(code, refusal) for code, refusal in REFUSALS.items()]
    values = _find_values(REFUSALS.values())
    sections += [f"## {value.__name__}\n\n{_describe(value)}\n" for value in values]
    protests = [_describe_no(code, protest) for code, protest in PROTESTS.items()]
    return "\n".join((_REFUSALS_INTRO, *sections, _PROTESTS_INTRO, *protests))


def render_commands() -> str:
    """Return the page of all commands of ``troth`` with their arguments and options."""
    app = importlib.import_module("troth.cli").app
    return "\n".join((_CLI_INTRO, *_render_command("troth", get_command(app))))


PAGES: Final[Mapping[str, Callable[[], str]]] = {"events.md": render_events, "refusals.md": render_refusals} | (
    {"cli.md": render_commands} if importlib.util.find_spec("troth.cli") is not None else {}
)


def name_type(annotation: Any) -> str:
    """Return a type as a reader of JSON would call it.

    >>> name_type(tuple[int, ...])
    'list of integer'
    >>> name_type(datetime | None)
    'time or nothing'
    """
    if isinstance(annotation, typing.NewType):
        return annotation.__name__
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(name_type(argument) for argument in arguments)
    if origin is typing.Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return f"list of {name_type(arguments[0])}"
    if origin is tuple:
        return " and ".join(name_type(argument) for argument in arguments)
    if origin is not None and issubclass(origin, Mapping):
        return f"{name_type(arguments[1])} by {name_type(arguments[0])}"
    if origin is not None and issubclass(origin, Sequence | AbstractSet):
        return f"list of {name_type(arguments[0])}"
    return _PLAIN_NAMES.get(annotation) or annotation.__name__


def _describe_no(code: str, no: Any) -> str:
    """Return the section of a refusal or protest: HTTP status, whether it is transient, sentence and data."""
    status, _title = PROBLEMS[code]
    return f"## {code}\n\n{status}. {'*Transient.* ' if no.transient else ''}{_describe(no)}\n"


def _describe(kind: type[Any]) -> str:
    """Return the docstring of a value, and its fields or members as a list."""
    text = inspect.cleandoc(kind.__doc__ or "")
    if issubclass(kind, enum.Enum):
        return f"{text}\n\n" + "\n".join(f"- `{member.value}`" for member in kind)
    hints = typing.get_type_hints(kind)
    fields = [f"- `{field.name}`: {name_type(hints[field.name])}" for field in dataclasses.fields(kind)]
    return "\n\n".join(filter(None, (text, "\n".join(fields))))


def _find_values(roots: Iterable[type[Any]]) -> list[type[Any]]:
    """Return the dataclasses and enumerations that the fields of `roots` are made of, by name, without the roots."""
    known = set(roots)
    found: dict[str, type[Any]] = {}
    pending = list(known)
    while pending:
        kind = pending.pop()
        if not dataclasses.is_dataclass(kind):
            continue
        for hint in typing.get_type_hints(kind).values():
            for part in _walk(hint):
                if part not in known:
                    known.add(part)
                    pending.append(part)
                    found[part.__name__] = part
    return [found[name] for name in sorted(found)]


def _walk(annotation: Any) -> Iterator[type[Any]]:
    """Give the classes of ours within an annotation."""
    if inspect.isclass(annotation) and (dataclasses.is_dataclass(annotation) or issubclass(annotation, enum.Enum)):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _walk(argument)


def _render_command(name: str, command: Any) -> Iterator[str]:
    """Give the sections of a command and, after it, those below it; `command` is what typer makes of a function."""
    lines = [f"## {name}\n", inspect.cleandoc(command.help or "") + "\n"]
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name in ("help", "install_completion", "show_completion"):
            continue
        spelling = (
            "`, `".join((*parameter.opts, *parameter.secondary_opts))
            if parameter.param_type_name == "option"
            else parameter.name.upper()
        )
        lines.append(f"- `{spelling}`: {getattr(parameter, 'help', None) or ''}".rstrip(": "))
    if lines[-1].startswith("- "):
        lines.append("")
    yield "\n".join(lines)
    for below, subcommand in sorted(getattr(command, "commands", {}).items()):
        if not subcommand.hidden:
            yield from _render_command(f"{name} {below}", subcommand)


if __name__ == "__main__":
    for page, render in PAGES.items():
        (DOCS / page).write_text(render(), encoding="utf-8")
