"""What is worth a second look in a routing that can be used: tiers nobody reaches, rules that remove all or nothing."""

from collections.abc import Iterable
from typing import Final

from troth.engine.rules.compiled import CompiledRouting, CompiledRule, CompiledTier, compile_routing
from troth.engine.rules.contradictions import find_contradiction, path_of
from troth.engine.rules.parse import parse
from troth.engine.rules.syntax import Binary, Call, Choice, Flaw, ListOf, Literal, Logic, Piece, Unary
from troth.model.document import Finding
from troth.model.network import NodeType
from troth.model.order import Method
from troth.model.routing import Action, Compare, Routing, Rule, Tier

_ONWARD: Final = frozenset({Action.NEXT_TIER, Action.SPLIT, Action.BACKORDER})
_WORDS: Final = {
    "node.type": frozenset(str(one) for one in NodeType),
    "order.method": frozenset(str(one) for one in Method),
}


def lint(routing: Routing) -> tuple[Finding, ...]:
    """Findings in the order of the fields; nothing where all is as it should be."""
    compiled = compile_routing(routing)
    found: list[Finding] = []
    places = [f"/eligibility/{at}" for at in range(len(routing.eligibility))]
    places += [f"/exclusions/{at}" for at in range(len(routing.exclusions))]
    for place, rule, source in zip(places, compiled.rules, (*routing.eligibility, *routing.exclusions), strict=True):
        found += _rule(rule, source, place)
    for at, (kept, source) in enumerate(zip(compiled.keeps, routing.keep, strict=True)):
        found += _keep(kept, source, f"/keep/{at}")
    common = [(rule.expression, False) for rule in routing.eligibility if not rule.when]
    common += [(rule.expression, True) for rule in routing.exclusions if not rule.when]
    if path := find_contradiction(common):
        found.append(Finding("/eligibility", f"together with the exclusions, these leave no value of {path}"))
    reached = _reached(compiled)
    for at, tier in enumerate(compiled.tiers):
        found += _tier(tier, f"/tiers/{at}", common)
        if at not in reached:
            found.append(Finding(f"/tiers/{at}", f"no order ever reaches the tier {tier.tier.name}"))
    found += _end(compiled, reached)
    return tuple(found)


def _tier(compiled: CompiledTier, pointer: str, common: list[tuple[str, bool]]) -> Iterable[Finding]:
    tier = compiled.tier
    for at, (rule, source) in enumerate(zip(compiled.filters, tier.filters, strict=True)):
        yield from _rule(rule, source, f"{pointer}/filters/{at}")
    own = [(rule.expression, False) for rule in tier.filters if not rule.when]
    if own and not find_contradiction(common) and (path := find_contradiction([*common, *own])):
        yield Finding(f"{pointer}/filters", f"these, with the rules of all tiers, leave no value of {path}")
    for at, (rule, source) in enumerate(zip(compiled.keeps, tier.keep, strict=True)):
        yield from _keep(rule, source, f"{pointer}/keep/{at}")
    if _always(compiled) is False:
        yield Finding(f"{pointer}/when", "never holds")
    yield from _when(tier.when, f"{pointer}/when")
    if tier.full in (Action.SPLIT, Action.BACKORDER, Action.CANCEL):
        yield Finding(f"{pointer}/full", f"there is nothing left to {tier.full} where everything is covered")
    if tier.cancel_after_days is not None and Action.QUEUE not in (tier.full, tier.partial, tier.none):
        yield Finding(f"{pointer}/cancel_after_days", "counts only for what is queued, and this tier queues nothing")
    if len(set(tier.sort)) < len(tier.sort):
        yield Finding(f"{pointer}/sort", "a criterion is given twice; the second decides nothing")


def _rule(compiled: CompiledRule, rule: Rule, pointer: str) -> Iterable[Finding]:
    code = compiled.condition.code
    if code is not None and code.fixed is not None:
        holds = code.fixed.known is True and code.fixed.data is True
        if code.fixed.known is not True:
            yield Finding(f"{pointer}/expression", "can never be evaluated, so it removes everything")
        elif holds is compiled.is_exclusion:
            yield Finding(f"{pointer}/expression", f"is always {str(holds).lower()}, so it removes everything")
        else:
            yield Finding(f"{pointer}/expression", f"is always {str(holds).lower()}, so it removes nothing")
    elif find_contradiction([(rule.expression, False)]):
        path = find_contradiction([(rule.expression, False)])
        yield Finding(f"{pointer}/expression", f"contradicts itself: no value of {path} is left")
    yield from _spoken(compiled, rule, pointer)


def _keep(compiled: CompiledRule, rule: Rule, pointer: str) -> Iterable[Finding]:
    code = compiled.condition.code
    if code is not None and code.fixed is not None:
        if code.fixed.known is not True:
            yield Finding(f"{pointer}/expression", "can never be evaluated, so it keeps everything")
        elif code.fixed.data <= 0:
            yield Finding(f"{pointer}/expression", "keeps nothing")
    yield from _spoken(compiled, rule, pointer)


def _spoken(compiled: CompiledRule, rule: Rule, pointer: str) -> Iterable[Finding]:
    """What is to be said of when a rule speaks, and of the constants that it names."""
    when = compiled.when
    if when is not None and when.code is not None and when.code.fixed is not None:
        yield Finding(f"{pointer}/when", "is the same for every order")
    yield from _when(rule.when, f"{pointer}/when")
    yield from find_unknown_words(rule.expression, f"{pointer}/expression")


def _when(text: str, pointer: str) -> Iterable[Finding]:
    if not text:
        return
    if path := find_contradiction([(text, False)]):
        yield Finding(pointer, f"contradicts itself: no value of {path} is left, so it never holds")
    yield from find_unknown_words(text, pointer)


def _always(compiled: CompiledTier) -> bool | None:
    """Whether a tier applies to every order, to none (False), or to some (None)."""
    if compiled.when is None:
        return True
    code = compiled.when.code
    if code is None or code.fixed is None:
        return None
    return code.fixed.known is True and code.fixed.data is True


def _reached(compiled: CompiledRouting) -> set[int]:
    """The tiers that some order may come to."""
    tiers = compiled.tiers
    if compiled.routing.compare is Compare.COST:
        return set(range(len(tiers)))
    reached: set[int] = set()
    waiting = [0] if tiers else []
    while waiting:
        at = waiting.pop()
        if at in reached:
            continue
        reached.add(at)
        always = _always(tiers[at])
        if always is not True and at + 1 < len(tiers):
            waiting.append(at + 1)
        follows = tiers[at].follows
        if always is not False and follows is not None and _leads_on(tiers[at].tier):
            waiting.append(follows)
    return reached


def _leads_on(tier: Tier) -> bool:
    return tier.full is Action.NEXT_TIER or bool({tier.partial, tier.none} & _ONWARD)


def _end(compiled: CompiledRouting, reached: set[int]) -> Iterable[Finding]:
    """Tiers at which an order may end without anything being done about what is not covered."""
    if compiled.routing.compare is Compare.COST:
        return
    for at in sorted(reached):
        tier = compiled.tiers[at].tier
        if compiled.tiers[at].follows is None and {tier.partial, tier.none} & {Action.NEXT_TIER, Action.SPLIT}:
            detail = "what no tier covers is refused; let the last one backorder, queue, hold or accept"
            yield Finding(f"/tiers/{at}", f"no tier comes after {tier.name}: {detail}")


def find_unknown_words(text: str, pointer: str) -> Iterable[Finding]:
    """Constants that a field never has."""
    try:
        piece = parse(text)
    except Flaw:
        return
    for one in walk(piece):
        if isinstance(one, Binary) and one.operator in ("==", "!=", "in") and (known := _WORDS.get(path_of(one.left))):
            items = one.right.items if isinstance(one.right, ListOf) else (one.right,)
            for item in items:
                if isinstance(item, Literal) and item.value not in known:
                    detail = f"{path_of(one.left)} is never {item.value!r}; it is one of {', '.join(sorted(known))}"
                    yield Finding(pointer, detail, item.at.line, item.at.column)


def walk(piece: Piece) -> Iterable[Piece]:
    """A piece and every piece within it, from the outside in."""
    yield piece
    match piece:
        case Logic(parts=parts) | ListOf(items=parts):
            inner: tuple[Piece, ...] = parts
        case Binary(left=left, right=right):
            inner = (left, right)
        case Unary(operand=operand):
            inner = (operand,)
        case Choice(condition=condition, yes=yes, no=no):
            inner = (condition, yes, no)
        case Call(target=target, arguments=arguments):
            inner = arguments if target is None else (target, *arguments)
        case _:
            inner = ()
    for part in inner:
        yield from walk(part)
