"""The operations that every family of versioned configuration has, as values with examples of its own."""

from typing import Annotated, Any, Final

import msgspec
from pydantic import TypeAdapter, WithJsonSchema

from troth.flows.documents.families import Family
from troth.flows.publishing.published import Published
from troth.http.documents.document_answer import (
    CheckAnswer,
    DifferenceAnswer,
    DifferencesAnswer,
    DocumentAnswer,
    FindingAnswer,
    InForceAnswer,
    SummaryAnswer,
    VersionSummary,
    answer_document,
    answer_in_force,
    answer_summary,
    answer_version,
    answer_version_summary,
)
from troth.http.documents.document_body import (
    ActivateBody,
    DifferencesQuery,
    RetireBody,
    RollBackBody,
    SaveQuery,
)
from troth.http.documents.documents import Documents
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.operations import NO_BODY, AnyOperation, Operation, Shown
from troth.http.edge.pages import Page, PageQuery
from troth.http.orders.examples import AT
from troth.model.document import Activation, Document
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow

_ACTIVATE: Final = Body(TypeAdapter(ActivateBody), {"version": 2, "canary_percent": 10, "reason": "Peak season"})
_RETIRE: Final = Body(TypeAdapter(RetireBody), {"reason": "The carrier's contract ended"})
_ROLL_BACK: Final = Body(TypeAdapter(RollBackBody), {"reason": "More split shipments than expected"})


def content_body(type_: type[Any], example: Any) -> Body[dict[str, Any]]:
    """A body that is the content of a document of a type; what it holds is checked by its family."""
    schema = {"$ref": f"#/components/schemas/{type_.__name__}"}
    return Body(TypeAdapter(Annotated[dict[str, Any], WithJsonSchema(schema)]), example)


def operations_of(
    family: Family[Any], document_type: Any, version_type: Any, *, name: str, example: Any, flaw: FieldFlaw
) -> tuple[AnyOperation, ...]:
    """The operations of a family; `name` and `example` are of a document that is shown, `flaw` of a refused one."""
    documents, what = Documents(family), family.what
    one, many = what.replace(" ", "_"), f"{what}s"
    body = content_body(family.type, example)
    path, named = f"/v1/{family.key}", (("name", name),)
    shown = _example(family, name, example)
    document = answer_document(shown, ())
    in_force, version = answer_in_force(shown), answer_version(shown)
    finding = FindingAnswer(flaw.pointer, flaw.detail, None, None)
    changed = DifferencesAnswer(name, 1, 2, (DifferenceAnswer("/description", "changed", "Before", "After"),))
    missing, read, write = NotFound(what, name), "configuration:read", "configuration:write"

    def operation(
        method: str, below: str, verb: str, summary: str, run: Any, *shown: Shown, **more: Any
    ) -> AnyOperation:
        values: dict[str, Any] = {"body": NO_BODY, "query": NoQuery, "refusals": (missing,), "path_examples": named}
        scope = more.pop("scope", read if method == "GET" else write)
        return Operation(method, path + below, verb, summary, "configuration", run, shown, scope=scope, **values | more)

    return (
        operation(
            "PUT", "/{name}", f"put_{one}", f"Save a {what} as a draft: a new version, unless nothing differs",
            documents.put,
            Shown(200, "The newest version, which says the same", document_type, document),
            Shown(201, "The new version, with what is worth a second look", document_type, document),
            body=body, query=SaveQuery, refusals=(Invalid((flaw,)),), has_if_match=True,
        ),
        operation(
            "GET", "/{name}", f"get_{one}", f"Read the newest version of a {what}, and what is in force",
            documents.get, Shown(200, "The newest version; the ETag changes with every version and act",
            document_type, document),
        ),
        operation(
            "GET", "", f"list_{one}s", f"List {many}, by name", documents.list,
            Shown(200, f"A page of {many}", Page[SummaryAnswer], Page((answer_summary(shown),), None)),
            query=PageQuery, refusals=(), path_examples=(),
        ),
        operation(
            "GET", "/{name}/versions", f"list_{one}_versions", f"List the versions of a {what}, the newest first",
            documents.list_versions,
            Shown(200, "A page of versions", Page[VersionSummary], Page((answer_version_summary(shown),), None)),
            query=PageQuery,
        ),
        operation(
            "GET", "/{name}/versions/{version}", f"get_{one}_version", f"Read a version of a {what}",
            documents.get_version, Shown(200, "The version", version_type, version),
            path_examples=(*named, ("version", "1")),
        ),
        operation(
            "GET", "/{name}/differences", f"compare_{one}", f"What differs between two versions of a {what}",
            documents.compare, Shown(200, "The fields that differ", DifferencesAnswer, changed),
            query=DifferencesQuery,
        ),
        operation(
            "POST", "/{name}/check", f"check_{one}", f"Check a {what} without saving it", documents.check,
            Shown(200, "What forbids it, and what is worth a second look", CheckAnswer,
                  CheckAnswer(False, (finding,), ())),
            body=body, refusals=(), scope=read,
        ),
        operation(
            "POST", "/{name}/activate", f"activate_{one}",
            f"Let a version of a {what} decide, from an instant on"
            + (", for all orders or some percent of them" if family.has_canary else ""),
            documents.activate, Shown(200, "What is in force now and what is to come", InForceAnswer, in_force),
            body=_ACTIVATE, has_if_match=True,
            refusals=(missing, Invalid((FieldFlaw("/reason", "is required: it is what the audit shows"),))),
        ),
        operation(
            "POST", "/{name}/roll-back", f"roll_back_{one}",
            "Take the newest act back: what was in force before it decides again",
            documents.roll_back, Shown(200, "What is in force now and what is to come", InForceAnswer, in_force),
            body=_ROLL_BACK, has_if_match=True,
            refusals=(missing, NotPossibleNow("roll back", f"{name}@1 draft", ("activate",))),
        ),
        operation(
            "POST", "/{name}/retire", f"retire_{one}", f"Put a {what} out of force: what is built in decides again",
            documents.retire, Shown(200, "What is in force now and what is to come", InForceAnswer, in_force),
            body=_RETIRE, has_if_match=True,
            refusals=(missing, NotPossibleNow("retire", f"{name}@1 draft", ("activate",))),
        ),
    )  # fmt: skip


def example_answer(family: Family[Any], name: str, content: Any) -> DocumentAnswer[Any]:
    """A document as the documentation shows it."""
    return answer_document(_example(family, name, content), ())


def _example(family: Family[Any], name: str, content: Any) -> Published:
    text = msgspec.json.encode(content).decode()
    document = Document(family.key, name, 1, text, "", "As agreed", AT, "user/ann")
    act = Activation(1, name, 1, AT, reason="As agreed", acted_at=AT, acted_by="user/ann")
    return Published(document, document, (act,), AT)
