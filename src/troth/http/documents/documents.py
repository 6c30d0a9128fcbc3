"""Versioned configuration over HTTP: what every family of documents has in common."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from troth.flows.documents.families import Family
from troth.flows.publishing.differences import differences
from troth.flows.publishing.draft import Saved, name_flaws, save_draft
from troth.flows.publishing.publish import Acted, activate, retire, roll_back
from troth.flows.publishing.published import Published, find_published, find_published_versions, read_published
from troth.flows.publishing.remarks import find_remarks
from troth.http.documents.document_answer import (
    CheckAnswer,
    DifferenceAnswer,
    DifferencesAnswer,
    answer_document,
    answer_finding,
    answer_in_force,
    answer_summary,
    answer_version,
    answer_version_summary,
)
from troth.http.documents.document_body import ActivateBody, DifferencesQuery, RetireBody, RollBackBody, SaveQuery
from troth.http.edge.body import NoQuery
from troth.http.edge.idempotency import Keep, once, once_written
from troth.http.edge.operations import Call, Nothing, Plain
from troth.http.edge.pages import PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.model.document import Finding
from troth.model.refusals import Invalid, NotFound
from troth.model.value import dataclass
from troth.store.database import Connection

_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Documents:
    """What can be asked about the documents of a family."""

    family: Family[Any]

    async def put(self, call: Call[dict[str, Any], SaveQuery]) -> Reply:
        """Save the content as a draft."""
        return await self._save(call, self._name(call), call.body, call.query.note)

    async def get(self, call: Plain) -> Reply:
        """The newest version, with what is in force."""
        published = await self._read(call)
        return json_reply(
            answer_document(published, await self.findings(call, published)),
            headers=(etag(published.revision),),
        )

    async def list(self, call: Call[Nothing, PageQuery]) -> Reply:
        """A page of documents, by name."""
        asked = call.query
        after = decode_cursor(asked.cursor, tuple[str])
        found = await find_published(call.system, self.family, after=after[0] if after else None, limit=asked.limit + 1)
        return page_reply(
            call, found, limit=asked.limit, shown=answer_summary, position=lambda one: (one.document.name,)
        )

    async def list_versions(self, call: Call[Nothing, PageQuery]) -> Reply:
        """A page of versions, newest first."""
        asked, name = call.query, self._name(call)
        before = decode_cursor(asked.cursor, tuple[int])
        found = await find_published_versions(
            call.system, self.family, name, before=before[0] if before else None, limit=asked.limit + 1
        )
        if not found and before is None:
            raise Refused(NotFound(self.family.what, name))
        return page_reply(
            call, found, limit=asked.limit, shown=answer_version_summary, position=lambda one: (one.document.version,)
        )

    async def get_version(self, call: Plain) -> Reply:
        """One version."""
        name, given = self._name(call), call.path("version")
        if not _VERSION.fullmatch(given):
            raise Refused(NotFound(self.family.what, f"{name}@{given}"))
        return json_reply(answer_version(await self._read(call, int(given))))

    async def compare(self, call: Call[Nothing, DifferencesQuery]) -> Reply:
        """What differs between two versions."""
        after = await self._read(call, call.query.to_version)
        name, version = after.document.name, call.query.from_version
        if version is None:
            version = max(1, after.document.version - 1)
        before = await self._read(call, version)
        found = differences(before.content, after.content)
        return json_reply(
            DifferencesAnswer(
                name,
                before.document.version,
                after.document.version,
                tuple(
                    DifferenceAnswer(
                        one.pointer,
                        "added" if one.is_added else "removed" if one.is_removed else "changed",
                        one.before,
                        one.after,
                    )
                    for one in found
                ),
            )
        )

    async def check(self, call: Call[dict[str, Any], NoQuery]) -> Reply:
        """What would be said if this content were saved; nothing is."""

        async def run() -> Reply:
            self._named(call)
            read = self.family.read(call.body, call.system.door.reference.base.currency)
            errors: tuple[Finding, ...] = read if isinstance(read, tuple) else ()
            findings = () if isinstance(read, tuple) else await find_remarks(call.system, self.family, read)
            return json_reply(
                CheckAnswer(not errors, tuple(map(answer_finding, errors)), tuple(map(answer_finding, findings)))
            )

        return await once(call, run)

    async def activate(self, call: Call[ActivateBody, NoQuery]) -> Reply:
        """Let a version decide."""
        asked, name = call.body, self._name(call)
        return await self._act(
            call,
            lambda then: activate(
                call.system,
                self.family,
                name,
                asked.version,
                effective_from=asked.effective_from,
                canary_percent=asked.canary_percent,
                reason=asked.reason,
                actor=call.actor.name,
                expected=expected_of(call),
                then=then,
            ),
        )

    async def retire(self, call: Call[RetireBody, NoQuery]) -> Reply:
        """Let what is built in decide again."""
        asked, name = call.body, self._name(call)
        return await self._act(
            call,
            lambda then: retire(
                call.system,
                self.family,
                name,
                effective_from=asked.effective_from,
                reason=asked.reason,
                actor=call.actor.name,
                expected=expected_of(call),
                then=then,
            ),
        )

    async def roll_back(self, call: Call[RollBackBody, NoQuery]) -> Reply:
        """Take the newest act back."""
        asked, name = call.body, self._name(call)
        return await self._act(
            call,
            lambda then: roll_back(
                call.system,
                self.family,
                name,
                reason=asked.reason,
                actor=call.actor.name,
                expected=expected_of(call),
                then=then,
            ),
        )

    async def save_new(self, call: Call[Any, Any], name: str, body: object, note: str) -> Reply:
        """As `put`, for a content that was made here."""
        return await once(call, lambda: self._save(call, name, body, note))

    async def findings(self, call: Call[Any, Any], published: Published) -> tuple[Finding, ...]:
        """What is worth a second look about a version, or forbids it since a release that is stricter than it was."""
        read = self.family.read(published.content)
        return read if isinstance(read, tuple) else await find_remarks(call.system, self.family, read)

    async def _save(self, call: Call[Any, Any], name: str, body: object, note: str) -> Reply:
        saved = await save_draft(
            call.system,
            self.family,
            name,
            body,
            note=note,
            actor=call.actor.name,
            expected=expected_of(call),
        )
        if not isinstance(saved, Saved):
            raise Refused(saved)
        published = await read_published(call.system, self.family, name, saved.document.version)
        if isinstance(published, NotFound):
            raise Refused(published)
        return json_reply(
            answer_document(published, saved.findings),
            status=201 if saved.is_new else 200,
            headers=(etag(saved.revision),),
        )

    async def _act(self, call: Call[Any, Any], act: Callable[[Callable[..., Any]], Awaitable[Any]]) -> Reply:
        async def run(keep: Keep) -> Reply:
            async def then(connection: Connection, acted: Acted) -> None:
                await keep(connection, _acted_reply(acted))

            acted = await act(then)
            if not isinstance(acted, Acted):
                raise Refused(acted)
            return _acted_reply(acted)

        return await once_written(call, run)

    async def _read(self, call: Call[Any, Any], version: int | None = None) -> Published:
        published = await read_published(call.system, self.family, self._name(call), version)
        if isinstance(published, NotFound):
            raise Refused(published)
        return published

    def _name(self, call: Call[Any, Any]) -> str:
        return call.path("name")

    def _named(self, call: Call[Any, Any]) -> None:
        flaws = name_flaws(self.family, self._name(call))
        if flaws:
            raise Refused(Invalid(flaws))


def _acted_reply(acted: Acted) -> Reply:
    return json_reply(answer_in_force(acted.published), headers=(etag(acted.published.revision),))
