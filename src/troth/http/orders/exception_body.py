"""What clients send about exceptions."""

from typing import Annotated

from pydantic import Field

from troth.flows.exceptions.bulk_fixes import BULK_MAX
from troth.flows.exceptions.workbench import NOBODY
from troth.http.edge.body import Instant, Strict, Text
from troth.http.edge.pages import PageQuery
from troth.http.orders.orders import Filter
from troth.model.exceptions import ExceptionKind
from troth.model.fix import FixKind

_Kinds = tuple[Annotated[ExceptionKind, Field(strict=False)], ...]


class ExceptionsQuery(PageQuery):
    """Which of them: all filters must fit, what weighs most comes first."""

    kind: Annotated[_Kinds, Field(description="May be given more than once: any of them.")] = ()
    order: Annotated[Filter | None, Field(description="An order, by its id or as channel:external_id.")] = None
    channel: Filter | None = None
    customer: Annotated[Filter | None, Field(description="The customer's id.")] = None
    node: Annotated[
        Filter | None, Field(description="A node with work for the order, or where units of it came back.")
    ] = None
    sku: Filter | None = None
    owner: Annotated[Filter | None, Field(description=f"Who looks after it; `{NOBODY}`: nobody.")] = None
    snoozed: Annotated[bool, Field(description="Also what was put off until later.")] = False


class FiltersBody(Strict):
    """Which exceptions: all filters must fit."""

    kinds: _Kinds = ()
    order_id: Text | None = None
    channel: Text | None = None
    customer: Text | None = None
    node: Text | None = None
    sku: Text | None = None
    owner: Text | None = None


class BulkBody(Strict):
    """One kind of fix for all exceptions that fit; unless `apply` is true nothing is done."""

    fix: Annotated[FixKind, Field(strict=False)]
    filter: FiltersBody
    apply: bool = False
    limit: Annotated[int, Field(ge=1, le=BULK_MAX)] = BULK_MAX
    reason: Text = ""


class ApplyBody(Strict):
    """The fix in the version that it names, and why."""

    version: Annotated[int, Field(ge=1)]
    reason: Text = ""
    expected_at: Annotated[
        Instant | None,
        Field(description="When supply comes, where it is rescheduled to another time than is proposed."),
    ] = None


class MarkBody(Strict):
    """What is said of the exception; what is left out stays as it is."""

    owner: Annotated[Text | None, Field(description="The person or team that looks after it; empty: nobody.")] = None
    snoozed_until: Annotated[Instant | None, Field(description="It is left out of the list until then.")] = None
    unsnooze: Annotated[bool, Field(description="It is on the list again.")] = False
    note: Text = ""
