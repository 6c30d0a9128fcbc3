"""The OpenAPI 3.1 document, made from the operations."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter

from troth.flows.people.access import SCOPES
from troth.http.edge.body import BODY_BYTES_MAX
from troth.http.edge.operations import NO_BODY, AnyOperation, Shown
from troth.http.edge.problems import (
    PROBLEMS,
    BodyTooLarge,
    MalformedJson,
    MediaTypeUnsupported,
    No,
    Problem,
    problem_of,
    sentence_of,
)
from troth.model.refusals import Busy, FieldFlaw, Forbidden, Invalid, KeyReused, Unauthorized, VersionConflict
from troth.store.codec import encode_bytes

_REF: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"{(\w+)(?::\w+)?}")
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request gets the same answer; with another request it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    "example": "6f1c2a7e-4a55-4a0c-9d6a-0d0f4a1f7c11",
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was read; another one now is refused with 412.",
    "schema": {"type": "string"},
    "example": '"3"',
}

Json = dict[str, Any]


def describe_api(operations: Sequence[AnyOperation]) -> Json:
    """The whole document; raises ValueError where two schemas of one name differ."""
    answers, schemas = _schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(public_path(operation), {})[operation.method.lower()] = _operation(operation, answers)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Troth",
            "version": "1",
            "summary": "An omnichannel order management system that promises only what it can keep.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key. Its scopes: "
                    + "; ".join(f"`{scope}`: {meaning}" for scope, meaning in SCOPES.items()),
                }
            },
        },
    }


def public_path(operation: AnyOperation) -> str:
    """An operation's path as the document has it: without how its parameters are matched."""
    return _PATH_PARAMETER.sub(r"{\1}", operation.path)


def _schemas(operations: Sequence[AnyOperation]) -> tuple[dict[Any, Json], Json]:
    """The schema of each type that is answered and each adapter that reads (by its identity), and all components."""
    types = list(
        {id(shown.type): shown.type for o in operations for shown in o.shown if shown.type is not None}.values()
    )
    shown_schemas, components = msgspec.json.schema_components([Problem, *types], ref_template=_REF)
    bodies: list[TypeAdapter[Any]] = [o.body.adapter for o in operations if o.body is not NO_BODY]
    body_schemas, definitions = TypeAdapter.json_schemas(
        [(str(id(adapter)), "validation", adapter) for adapter in {id(a): a for a in bodies}.values()],
        ref_template=_REF.replace("{name}", "{model}"),
    )
    found = dict(components)
    for name, schema in definitions.get("$defs", {}).items():
        if _meaning(found.setdefault(name, schema)) != _meaning(schema):
            raise ValueError(f"two schemas are called {name}")
    by_identity: dict[Any, Json] = {
        id(type_): schema for type_, schema in zip([Problem, *types], shown_schemas, strict=True)
    }
    by_identity |= {int(key): schema for (key, _mode), schema in body_schemas.items()}
    return by_identity, {name: _untitled(schema) for name, schema in found.items()}


def _meaning(schema: Json) -> Json:
    """What two libraries must agree on about a type that both describe: not its title, nor the order of its values."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "description", "type")}
    return kept | ({"enum": sorted(schema["enum"])} if "enum" in schema else {"type": schema.get("type")})


def _operation(operation: AnyOperation, schemas: dict[Any, Json]) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": list(_parameters(operation)),
        "responses": {str(shown.status): _response(shown, schemas) for shown in operation.shown} | _problems(operation),
    }
    if operation.scope is not None:
        described["security"] = [{"key": [operation.scope]}]
        described["description"] = f"Needs the scope `{operation.scope}`."
    if operation.body is not NO_BODY:
        described["requestBody"] = {
            "required": not operation.body.is_optional,
            "content": {
                "application/json": {
                    "schema": schemas[id(operation.body.adapter)],
                    "example": operation.body.example,
                }
            },
        }
    if operation.streams:
        described["requestBody"] = {
            "required": True,
            "content": {
                stream.media_type: {"schema": {"type": "string"}, "example": stream.example}
                for stream in operation.streams
            },
        }
    return described


def _parameters(operation: AnyOperation) -> Iterable[Json]:
    examples = dict(operation.path_examples)
    for name in _PATH_PARAMETER.findall(operation.path):
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        yield parameter | ({"example": examples[name]} if name in examples else {})
    schema = operation.query.model_json_schema()
    for name, field in schema.get("properties", {}).items():
        parameter = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _untitled({key: value for key, value in field.items() if key not in ("description", "examples")}),
        }
        if "description" in field:
            parameter["description"] = field["description"]
        if field.get("examples"):
            parameter["example"] = field["examples"][0]
        yield parameter
    if operation.method == "POST":
        yield _KEY
    if operation.has_if_match:
        yield _IF_MATCH


def _response(shown: Shown, schemas: dict[Any, Json]) -> Json:
    if shown.type is None:
        return {"description": shown.description}
    example = msgspec.json.decode(encode_bytes(shown.example))
    content = {"application/json": {"schema": schemas[id(shown.type)], "example": example}}
    return {"description": shown.description, "content": content}


def _problems(operation: AnyOperation) -> Json:
    """The problem answers by status, with an example of each code that may come."""
    nos = list(operation.refusals)
    if operation.scope is not None:
        nos += [Unauthorized(), Forbidden(operation.scope)]
    if not any(isinstance(no, Invalid) for no in nos):
        nos.append(Invalid((FieldFlaw("?page", "there is no field page"),)))
    if operation.body is not NO_BODY:
        nos += [
            MalformedJson("EOF while parsing a value at line 1 column 0"),
            MediaTypeUnsupported("text/plain"),
            BodyTooLarge(BODY_BYTES_MAX),
        ]
    if operation.streams:
        nos.append(MediaTypeUnsupported("application/xml"))
    if operation.method == "POST":
        nos += [KeyReused("6f1c2a7e-4a55-4a0c-9d6a-0d0f4a1f7c11"), Busy(4)]
    if operation.has_if_match:
        nos.append(VersionConflict('"3"', '"4"'))
    by_status: dict[int, list[No]] = {}
    for no in nos:
        by_status.setdefault(PROBLEMS[no.code][0], []).append(no)
    return {
        str(status): {
            "description": HTTPStatus(status).phrase + ". " + " ".join(dict.fromkeys(map(sentence_of, of_status))),
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": _REF.format(name="Problem")},
                    "examples": {
                        no.code: {
                            "summary": PROBLEMS[no.code][1],
                            "value": msgspec.json.decode(encode_bytes(problem_of(no))),
                        }
                        for no in of_status
                    },
                }
            },
        }
        for status, of_status in sorted(by_status.items())
    }


def _untitled(schema: Any) -> Any:
    """A schema without the titles that only repeat the names of its fields."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _untitled(field) for name, field in value.items()} if key == "properties" else _untitled(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }
