"""How far the files are of nodes that get their work in a folder; whoever is at a folder has claimed it for a while."""

from collections.abc import Sequence
from datetime import datetime

from troth.model.ids import NodeId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_CLAIM = sql("claim_node_files")
_BEGIN = sql("begin_node_file")
_NOTE = sql("note_node_file")
_FREE = sql("free_node_files")
_READ = sql("read_node_files")


@dataclass(frozen=True, slots=True)
class FolderClaim:
    """The folder of a node that this worker alone is at until `until`: messages up to `written` are in files, and one
    up to `writing` was begun by somebody who did not say that it is done (None: none).
    """

    node: NodeId
    written: int
    writing: int | None
    failures: int
    until: datetime


@dataclass(frozen=True, slots=True)
class FolderState:
    """How a folder was last: its failures in a row with the last error, and when something was written and read."""

    written: int
    attempt_at: datetime
    failures: int
    last_error: str
    wrote_at: datetime | None
    read_at: datetime | None


async def claim_folders(connection: Connection, nodes: Sequence[NodeId], *, seconds: float) -> list[FolderClaim]:
    """Claim the folders of nodes whose turn it is, for some seconds; what others have claimed is left to them."""
    return [
        FolderClaim(NodeId(row["node"]), row["written"], row["writing"], row["failures"], row["claimed_until"])
        for row in await connection.fetch(_CLAIM, sorted(nodes), seconds)
    ]


async def begin_file(connection: Connection, claim: FolderClaim, through: int) -> bool:
    """Write up to which message a file is written now; False where the claim is lost."""
    return await connection.fetchval(_BEGIN, claim.node, claim.until, through) is not None


async def note_file(connection: Connection, claim: FolderClaim, through: int) -> bool:
    """Write that all messages up to one are in files; False where the claim is lost."""
    return await connection.fetchval(_NOTE, claim.node, claim.until, through) is not None


async def free_folder(
    connection: Connection, claim: FolderClaim, *, pause_seconds: float, failures: int, error: str, has_read: bool
) -> None:
    """Give a claim back: it is the folder's turn again after a pause."""
    await connection.execute(_FREE, claim.node, claim.until, pause_seconds, failures, error, has_read)


async def read_folder_state(connection: Connection, node: NodeId) -> FolderState | None:
    """How the folder of a node was last; None where nobody was there yet."""
    row = await connection.fetchrow(_READ, node)
    if row is None:
        return None
    return FolderState(
        row["written"], row["attempt_at"], row["failures"], row["last_error"], row["wrote_at"], row["read_at"]
    )
