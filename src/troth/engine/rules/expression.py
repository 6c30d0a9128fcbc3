"""The one door to expressions: from a text to checked code, or to what is wrong with it and where."""

from troth.engine.rules.code import Code, settle
from troth.engine.rules.fields import EVERYTHING
from troth.engine.rules.lower import Lowering
from troth.engine.rules.parse import parse
from troth.engine.rules.syntax import At, Flaw
from troth.engine.rules.values import Kind

CONDITION = (Kind.BOOL,)
MEASURE = (Kind.BOOL, Kind.INT, Kind.DOUBLE)
AMOUNT = (Kind.INT, Kind.DOUBLE)


def compile_expression(text: str, *, reads: int = EVERYTHING, kinds: tuple[Kind, ...] = CONDITION) -> Code:
    """The code of an expression that may read these scopes and must be of one of these kinds; raises Flaw.

    >>> compile_expression("node.type == 'store' && stock.available > 2").is_by_line
    True
    >>> compile_expression("order.chanel == 'web'")
    Traceback (most recent call last):
    ...
    troth.engine.rules.syntax.Flaw: there is no field order.chanel; did you mean order.channel?
    """
    code = settle(Lowering(reads).lower(parse(text)))
    if code.kind not in kinds:
        raise Flaw(f"this must be {' or '.join(kinds)}, and is {code.kind}", At())
    return code
