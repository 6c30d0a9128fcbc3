"""`If-Match` and `If-None-Match`: which version of a resource a client replaces.

*Source:* RFC 9110, sections 13.1.1 and 13.1.2.
"""

import re
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from troth.flows.door.expected import Expected
from troth.flows.records.configure import Set
from troth.http.edge.body import Id
from troth.http.edge.operations import Call
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.model.refusals import FieldFlaw, Invalid

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_TAGS: Final = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")
_ID: Final = TypeAdapter[str](Id)


def expected_of(call: Call[Any, Any]) -> Expected:
    """What the request says about what it replaces; Refused where the header cannot be read.

    A tag that is none of ours, also a weak one, is of no version, so that it matches nothing.
    """
    given, unless = call.headers.get("if-match"), call.headers.get("if-none-match")
    if unless is not None:
        if unless.strip() != "*":
            raise Refused(Invalid((FieldFlaw("If-None-Match", "must be *, which only creates"),)))
        return Expected(is_none=True)
    if given is None:
        return Expected()
    if given.strip() == "*":
        return Expected(is_any=True)
    if not _TAGS.fullmatch(given):
        raise Refused(Invalid((FieldFlaw("If-Match", 'must be an ETag as it was answered, such as "3", or *'),)))
    tags = [match for match in _TAG.finditer(given) if not match[0].startswith("W/")]
    return Expected(frozenset({int(tag[1]) for tag in tags if _VERSION.fullmatch(tag[1])} or {0}))


def path_id(call: Call[Any, Any], name: str) -> str:
    """A part of the path that names something new; Refused where nothing may be called that."""
    value = call.path(name)
    try:
        return _ID.validate_python(value)
    except ValidationError:
        raise Refused(
            Invalid((FieldFlaw(name, "must be 1 to 64 characters, without control characters or space around"),))
        ) from None


def set_reply(done: Set, shown: object) -> Reply:
    """201 for what came to be, 200 for what was replaced, with its version."""
    return json_reply(shown, status=201 if done.is_new else 200, headers=(etag(done.version),))
