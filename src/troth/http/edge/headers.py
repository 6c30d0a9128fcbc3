"""A header of a request, straight from what ASGI gives."""

from starlette.types import Scope


def find_header(scope: Scope, name: bytes) -> str | None:
    """The first header of a name (in lower case), or None.

    For what every request is asked: `Headers` of Starlette decodes all names again with each look.
    """
    for known, value in scope["headers"]:
        if known == name:
            return str(value, "latin-1")
    return None
