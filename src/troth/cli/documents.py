"""Versioned configuration on the command line: the commands that every family of documents has, through the API."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from troth.cli.client import TIMEOUT_SECONDS, ApiKey, Url, answer_of, headers_of, server_url
from troth.cli.exits import PROBLEMS, USAGE, Failed
from troth.cli.running import AsJson, settings_of
from troth.cli.terminal import show

Name = Annotated[str, typer.Argument(help="Its name.")]
File = Annotated[Path, typer.Argument(help="A JSON file; - reads standard input.", allow_dash=True)]
Reason = Annotated[str, typer.Option(help="Why; the audit shows it.")]
VersionOption = Annotated[int | None, typer.Option(min=1, help="Which version; the newest where it is left out.")]


def make_app(family: str, what: str) -> typer.Typer:
    """The group of commands about the documents under `/v1/FAMILY`."""
    app = typer.Typer(help=f"{what.capitalize()}s, through the API of a running server.", no_args_is_help=True)
    path = f"/v1/{family}"

    @app.command("list", help=f"List {what}s: the newest version of each, and what is in force.")
    def list_documents(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
        page = call("GET", path, url, api_key, query={"limit": "200"})
        _print(page["items"], [_summary(one) for one in page["items"]], as_json=as_json)

    @app.command("show", help=f"Show the content of a {what}.")
    def show_document(
        name: Name, version: VersionOption = None, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
    ) -> None:
        below = "" if version is None else f"/versions/{version}"
        found = call("GET", f"{path}/{name}{below}", url, api_key)
        _print(found, [json.dumps(found["content"], indent=2)], as_json=as_json)

    @app.command("versions", help=f"List the versions of a {what}, the newest first.")
    def list_versions(name: Name, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
        page = call("GET", f"{path}/{name}/versions", url, api_key, query={"limit": "200"})
        lines = [
            f"{one['name']}@{one['version']}  {one['state']}  {one['created_at']}  {one['created_by']}  {one['note']}"
            for one in page["items"]
        ]
        _print(page["items"], lines, as_json=as_json)

    @app.command("diff", help=f"Say what differs between two versions of a {what}: the newest two, unless told.")
    def compare(
        name: Name,
        before: Annotated[int | None, typer.Option("--from", min=1, help="The version before.")] = None,
        after: Annotated[int | None, typer.Option("--to", min=1, help="The version after.")] = None,
        as_json: AsJson = False,
        url: Url = None,
        api_key: ApiKey = None,
    ) -> None:
        query = {"from_version": before, "to_version": after}
        given = {key: str(value) for key, value in query.items() if value is not None}
        found = call("GET", f"{path}/{name}/differences", url, api_key, query=given)
        lines = [line for one in found["differences"] for line in _difference(one)] or ["Nothing differs."]
        _print(found, lines, as_json=as_json)

    @app.command("check", help=f"Say what is wrong with a {what} in a file, and what is worth a second look.")
    def check(
        file: File,
        name: Annotated[str, typer.Option(help="What it is to be called.")] = "draft",
        as_json: AsJson = False,
        url: Url = None,
        api_key: ApiKey = None,
    ) -> None:
        found = call("POST", f"{path}/{name}/check", url, api_key, body=read_json(file))
        lines = [f"error {_finding(one)}" for one in found["errors"]]
        lines += [f"note {_finding(one)}" for one in found["findings"]]
        _print(found, lines or ["Nothing is wrong with it."], as_json=as_json)
        if not found["is_valid"]:
            raise typer.Exit(PROBLEMS)

    @app.command("save", help=f"Save a {what} from a file as a draft: a new version, unless nothing differs.")
    def save(
        name: Name,
        file: File,
        note: Annotated[str, typer.Option(help="What is new about this version.")] = "",
        as_json: AsJson = False,
        url: Url = None,
        api_key: ApiKey = None,
    ) -> None:
        query = {"note": note} if note else {}
        found = call("PUT", f"{path}/{name}", url, api_key, query=query, body=read_json(file))
        lines = [f"{name}@{found['version']} is {_article(found['state'])}"]
        lines += [f"note {_finding(one)}" for one in found["findings"]]
        _print(found, lines, as_json=as_json)

    @app.command("activate", help=f"Let a version of a {what} decide, now or from an instant on.")
    def activate(
        name: Name,
        reason: Reason,
        version: VersionOption = None,
        effective_from: Annotated[
            str | None, typer.Option("--from", help="When, such as 2026-11-27T00:00:00-05:00; now where left out.")
        ] = None,
        canary_percent: Annotated[
            int | None, typer.Option("--canary", min=1, max=100, help="Of how many percent of the orders.")
        ] = None,
        as_json: AsJson = False,
        url: Url = None,
        api_key: ApiKey = None,
    ) -> None:
        if version is None:
            version = call("GET", f"{path}/{name}", url, api_key)["version"]
        asked = {
            "version": version,
            "reason": reason,
            "effective_from": effective_from,
            "canary_percent": canary_percent,
        }
        body = {key: value for key, value in asked.items() if value is not None}
        _print_in_force(call("POST", f"{path}/{name}/activate", url, api_key, body=body), as_json=as_json)

    @app.command("roll-back", help="Take the newest act back: what was in force before it decides again.")
    def roll_back(name: Name, reason: Reason, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
        found = call("POST", f"{path}/{name}/roll-back", url, api_key, body={"reason": reason})
        _print_in_force(found, as_json=as_json)

    @app.command("retire", help=f"Put a {what} out of force: what is built in decides again.")
    def retire(name: Name, reason: Reason, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
        found = call("POST", f"{path}/{name}/retire", url, api_key, body={"reason": reason})
        _print_in_force(found, as_json=as_json)

    return app


def call(
    method: str,
    path: str,
    url: str | None,
    key: str | None,
    *,
    query: dict[str, str] | None = None,
    body: object = None,
) -> Any:
    """What the server answers; raises Failed where it refuses."""
    base = server_url(settings_of(), url)
    with httpx.Client(base_url=base, headers=headers_of(key), timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        return answer_of(client.request(method, path, params=query, json=body))


def read_json(file: Path) -> Any:
    """The JSON in a file or from standard input; raises Failed where it is none."""
    text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failed(f"{file} is not JSON: {error}", USAGE) from None


def _print(found: Any, lines: list[str], *, as_json: bool) -> None:
    show(json.dumps(found, indent=2) if as_json else "\n".join(lines))


def _print_in_force(found: dict[str, Any], *, as_json: bool) -> None:
    active = found["active"]
    lines = [f"in force: {active['label'] if active else 'what is built in'}"]
    if found["canary"]:
        lines.append(f"canary: {found['canary']['label']} for {found['canary']['canary_percent']} % of the orders")
    lines += [f"from {act['effective_from']}: {act['label'] or 'what is built in'}" for act in found["scheduled"]]
    _print(found, lines, as_json=as_json)


def _summary(one: dict[str, Any]) -> str:
    parts = [f"{one['name']}@{one['version']}", one["state"]]
    if one["active_version"]:
        parts.append(f"active: {one['active_version']}")
    if one["canary_version"]:
        parts.append(f"canary: {one['canary_version']} for {one['canary_percent']} %")
    return "  ".join([*parts, one["note"]]).rstrip()


def _finding(one: dict[str, Any]) -> str:
    where = f" line {one['line']}, column {one['column']}:" if one["line"] else ""
    return f"{one['pointer'] or '/'}:{where} {one['detail']}"


def _difference(one: dict[str, Any]) -> list[str]:
    lines = [one["pointer"]]
    if one["change"] != "added":
        lines.append(f"  - {json.dumps(one['before'])}")
    if one["change"] != "removed":
        lines.append(f"  + {json.dumps(one['after'])}")
    return lines


def _article(state: str) -> str:
    return "a draft" if state == "draft" else state
