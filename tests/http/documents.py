"""What tests of versioned configuration ask the API for."""

from typing import Any

from tests.http.conftest import Api


async def activate(api: Api, name: str, version: int, **more: Any) -> dict[str, Any]:
    """What is in force after a version was activated; fails the test where that was refused."""
    answer = await api.post(f"/v1/routings/{name}/activate", {"version": version, "reason": "test", **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def written(api: Api) -> int:
    """How many versions, acts and events there are."""
    count: int = await api.system.pool.fetchval(
        "SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM activations)"
        " + (SELECT count(*) FROM events WHERE kind = 'ConfigurationSet')"
    )
    return count
