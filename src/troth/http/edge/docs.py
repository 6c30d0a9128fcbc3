"""The page `/docs`: the OpenAPI document for people, made here: it loads nothing from elsewhere and runs no script."""

import json
from collections.abc import Iterable
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from troth.http.edge.problems import PROBLEMS, PROTESTS, TYPE_BASE, sentence_of
from troth.model.refusals import REFUSALS

_PAGES: Final = Environment(
    loader=PackageLoader("troth.http"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

Json = dict[str, Any]


def render_docs(document: Json) -> bytes:
    """The page that shows an OpenAPI document."""
    codes = {**REFUSALS, **PROTESTS}
    page = _PAGES.get_template("docs.html").render(
        info=document["info"],
        tags=[(tag["name"], list(_operations(document, tag["name"]))) for tag in document["tags"]],
        schemas=[(name, schema, list(_fields(schema))) for name, schema in document["components"]["schemas"].items()],
        problems=[
            (TYPE_BASE + code, status, title, sentence_of(codes[code])) for code, (status, title) in PROBLEMS.items()
        ],
    )
    return page.encode()


def name_schema(schema: Json) -> str:
    """A schema as a reader calls it.

    >>> name_schema({"anyOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Line"}}, {"type": "null"}]})
    'list of Line or null'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(name_schema(one) for one in schema.get("anyOf") or schema["oneOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {name_schema(schema.get('items') or {})}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{name_schema(schema['additionalProperties'])} by name"
    return str(schema.get("format") or schema.get("const") or schema.get("type") or "any")


def _operations(document: Json, tag: str) -> Iterable[Json]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag not in operation["tags"]:
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "parameters": [
                    (p["name"], p["in"], name_schema(p["schema"]), p["required"], p.get("description", ""))
                    for p in operation["parameters"]
                ],
                "body": (name_schema(content["schema"]), _pretty(content["example"])) if content else None,
                "answers": list(_answers(operation)),
                "problems": [
                    (status, code, example["value"]["detail"])
                    for status, response in operation["responses"].items()
                    for code, example in response.get("content", {})
                    .get("application/problem+json", {})
                    .get("examples", {})
                    .items()
                ],
            }


def _answers(operation: Json) -> Iterable[tuple[str, str, str, str]]:
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if "application/problem+json" in content:
            continue
        shown = content.get("application/json")
        name, example = (name_schema(shown["schema"]), _pretty(shown["example"])) if shown else ("", "")
        yield status, response["description"], name, example


def _fields(schema: Json) -> Iterable[tuple[str, str, bool, str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield name, name_schema(field), name in required, _bounds(field)


def _bounds(field: Json) -> str:
    told = [
        f"{key} {field[key]}"
        for key in ("minimum", "maximum", "minLength", "maxLength", "maxItems", "default")
        if key in field
    ]
    return "; ".join(([field["description"]] if "description" in field else []) + told)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
