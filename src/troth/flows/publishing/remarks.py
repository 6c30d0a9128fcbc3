"""What is worth a second look about a document: by itself, in this network, and beside the items and orders known."""

from typing import Final, TypeVar

from troth.engine.exposure.named import named_in
from troth.flows.documents.families import Family
from troth.flows.door.system import System
from troth.model.document import Finding
from troth.model.exposure import ExposureRules
from troth.store.named import find_unnamed

T = TypeVar("T")

_FINDINGS_MAX: Final = 100


async def find_remarks(system: System, family: Family[T], value: T) -> tuple[Finding, ...]:
    """All findings about a document, in the order of how they are found."""
    found = family.remarks(value, system.door.reference.network)
    if not isinstance(value, ExposureRules):
        return found
    named = named_in(value)
    if not named:
        return found
    async with system.pool.acquire() as connection:
        missing = await find_unnamed(connection, [(one.field, one.value) for one in named])
    unknown = [
        Finding(one.pointer, one.missing(), one.line, one.column) for one in named if (one.field, one.value) in missing
    ]
    return (*found, *unknown[:_FINDINGS_MAX])
