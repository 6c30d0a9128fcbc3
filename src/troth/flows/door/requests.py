"""What goes through the write door, and what comes back."""

from collections.abc import Callable, Iterable

from troth.engine.failed import Failures
from troth.engine.promising.context import Decision
from troth.flows.door.expected import ANYTHING, Expected
from troth.model.commands import Command, ExpectSupply, RepromiseOrder, StockCommand, supply_keys_of
from troth.model.inventory import SupplyKey, purchase_order_source
from troth.model.order import Order
from troth.model.refusals import Refusal
from troth.model.return_moves import DisposeReturn, ReceiveReturn
from troth.model.value import dataclass

_MOVES_STOCK = StockCommand | RepromiseOrder | ReceiveReturn | DisposeReturn


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a command caused: the order as it is now, whether it came to be just now, and what was decided; `failures`
    say what nodes could not provide to it before.
    """

    order: Order | None
    is_new: bool
    decision: Decision
    failures: Failures


Outcome = Accepted | Refusal


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the words of the entrance: a status, and its bytes."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key, with the digest of the request it came with."""

    key: str
    request_digest: str


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of each command of a request; the answer where the request has a key.

    A repeated request has the answer that it got first, and no outcomes.
    """

    outcomes: tuple[Outcome, ...]
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Commands that came together. Each is decided for itself; all are written in one transaction.

    With a key, `answer` puts the outcomes into the words of the entrance, and that answer is kept under the key.
    Where every command is refused nothing is kept, since nothing happened that could happen twice. `expected` is the
    version of the order that they are about, as the client last saw it.

    The commands of a chain are each decided only where the one before was accepted: there are no outcomes behind one
    that is refused, and an answer is kept only where all were accepted. `known` are orders that they are about as they
    were just read, which are not read again unless they have changed.
    """

    commands: tuple[Command, ...]
    actor: str
    cause: str = ""
    key: Key | None = None
    answer: Callable[[tuple[Outcome, ...]], Answer] | None = None
    expected: Expected = ANYTHING
    is_chain: bool = False
    known: tuple[Order, ...] = ()

    @property
    def is_about_stock(self) -> bool:
        """Whether it moves stock itself, and so locks balances before it decides.

        Such requests are not mixed with others.
        """
        return any(isinstance(command, _MOVES_STOCK) for command in self.commands)


def supplies_of(command: Command) -> Iterable[SupplyKey]:
    """The supplies that a command names and may make."""
    if isinstance(command, ExpectSupply):
        return {
            *command.known,
            *(
                SupplyKey(line.sku, line.node, purchase_order_source(number=command.number, line=line.line))
                for line in command.lines
            ),
        }
    return supply_keys_of(command)
