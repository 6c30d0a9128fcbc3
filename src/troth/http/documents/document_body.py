"""What clients send about versioned configuration."""

from typing import Annotated

from pydantic import Field

from troth.http.edge.body import Instant, Query, Strict, Text
from troth.http.edge.pages import PageQuery

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Reason = Annotated[Text, Field(description="Why; the audit shows it.")]


class SaveQuery(Query):
    """How a draft is saved."""

    note: Annotated[Text, Field(description="What is new about this version.")] = ""


class VersionsQuery(PageQuery):
    """Which versions."""


class DifferencesQuery(Query):
    """Which two versions; without them the newest and the one before it."""

    from_version: Annotated[Version | None, Field(description="The version before.")] = None
    to_version: Annotated[Version | None, Field(description="The version after.")] = None


class ActivateBody(Strict):
    """Which version is to decide, from when on (left out: now), for how many percent of the orders (left out: all)."""

    version: Version
    effective_from: Instant | None = None
    canary_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    reason: Reason


class RetireBody(Strict):
    """From when on (left out: now) what is built in is to decide again, and why."""

    effective_from: Instant | None = None
    reason: Reason


class RollBackBody(Strict):
    """Why the newest act is taken back."""

    reason: Reason
