"""What the exit codes mean, and which failures of the surroundings have one."""

from typing import Final

import asyncpg
import httpx
from pydantic import ValidationError

from troth.adapters.history import MappingWrong
from troth.model.value import dataclass
from troth.store.embedded import EmbeddedUnavailable
from troth.store.migrate import MigrationRefused

OK: Final = 0
PROBLEMS: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
CRASHED: Final = 5
INTERRUPTED: Final = 130


class Failed(Exception):
    """Ends a command with a sentence for the person and a code for the script."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.failure = Failure(message, code)


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ends that could not do its work."""

    message: str
    code: int


def failure_of(error: BaseException) -> Failure | None:
    """What an error of the surroundings is to the person who typed; None where it is a bug of ours."""
    match error:
        case Failed():
            return error.failure
        case BaseExceptionGroup():
            found = [failure_of(one) for one in error.exceptions]
            return found[0] if all(found) else None
        case EmbeddedUnavailable() | MigrationRefused():
            return Failure(str(error), UNREACHABLE)
        case MappingWrong():
            return Failure(str(error), USAGE)
        case ValidationError():
            return Failure("Settings that cannot be used:\n" + "\n".join(_settings_flaws(error)), USAGE)
        case httpx.TransportError():
            return Failure(
                f"The server cannot be reached: {error}. Is `troth serve` running? --url names it.", UNREACHABLE
            )
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InvalidCatalogNameError():
            return Failure(f"The database refuses: {error}", UNREACHABLE)
        case asyncpg.PostgresConnectionError() | asyncpg.CannotConnectNowError() | ConnectionError() | TimeoutError():
            return Failure(f"The database cannot be reached: {error}", UNREACHABLE)
        case asyncpg.UndefinedTableError():
            return Failure("The database has no tables of Troth yet: `troth db migrate` makes them.", UNREACHABLE)
        case OSError() if error.filename:
            return Failure(f"{error.filename}: {error.strerror}", USAGE)
        case OSError():
            return Failure(f"The database cannot be reached: {error}", UNREACHABLE)
        case _:
            return None


def _settings_flaws(error: ValidationError) -> list[str]:
    return [
        f"  {'.'.join(map(str, flaw['loc'])) or 'settings'}: {flaw['msg']}" for flaw in error.errors(include_url=False)
    ]
