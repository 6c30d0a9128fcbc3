"""For any sequence of changes, shipments, returns and failures: no tender gives more than it authorized, the gateway's
books are ours, and in the end what was captured less what was given back is what was earned.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.payments.memory_gateway import Kept, MemoryGateway, Mood
from troth.engine.money.account import add_tender, expire, record, request
from troth.engine.money.settle import settle
from troth.engine.money.standing import ask_again_at, has_captured, in_flight, standings
from troth.flows.money.account_actions import returnable
from troth.flows.money.settle import ask_of
from troth.model.ids import OrderId
from troth.model.order import Payment
from troth.model.payment import CAPTURED, TAKEN_OVER, Account, Adjustment, Provider, Settlement, TenderKind

AMOUNTS = st.integers(1, 5_000)
MOODS = st.lists(st.sampled_from([*Mood, Mood.GOOD, Mood.GOOD]), max_size=6)
PAYMENTS = st.lists(
    st.tuples(st.sampled_from(["gift", "card", "credit"]), AMOUNTS, st.sampled_from(TAKEN_OVER)),
    max_size=3,
)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["grow", "cancel", "ship", "credit", "give_back", "wait", "expire", "retry", "close"]),
        AMOUNTS,
        MOODS,
    ),
    max_size=14,
)


@dataclass
class World:
    """An order's dues and its account, with a gateway; `now` moves on by itself."""

    account: Account
    gateway: MemoryGateway
    earned: int = 0
    to_come: int = 0
    now: datetime = NOW
    moods: list[Mood] = field(default_factory=list)
    is_at_rest: bool = False
    earned_most: int = 0
    given_up: int = 0

    def step(self) -> Settlement:
        """What a worker does in one round."""
        self.now += timedelta(seconds=1)
        found = settle(self.account, earned_minor=self.earned, to_come_minor=self.to_come, now=self.now)
        due = [step for step in in_flight(self.account) if ask_again_at(step) <= self.now]
        account, _ = expire(request(self.account, found.steps), found.expired, self.now)
        for step in (*due, *found.steps):
            ask = ask_of(account, step)
            mood = self.moods.pop() if self.moods else Mood.GOOD
            is_known = step in due and mood is not Mood.LOSES_ANSWER
            outcome = (self.gateway.find(ask) if is_known else None) or self.gateway.ask(ask, mood, self.now)
            account, _ = record(account, step.step, outcome, self.now)
            again, _ = record(account, step.step, outcome, self.now)
            assert again == account or in_flight(account), "an answer that comes twice counts once"
        self.is_at_rest = not (due or found.steps or found.expired or in_flight(account))
        self.account = account
        self.check()
        return found

    def happen(self, what: str, amount: int) -> None:
        """Something happens to the order, or to its account."""
        match what:
            case "grow":
                self.to_come += amount
            case "cancel":
                self.given_up += min(amount, self.to_come)
                self.to_come -= min(amount, self.to_come)
            case "ship":
                left = min(amount, self.to_come)
                self.to_come, self.earned = self.to_come - left, self.earned + left
            case "credit":
                self.given_up += min(amount, self.earned)
                self.earned -= min(amount, self.earned)
            case "give_back" if returnable(self.account):
                given = Adjustment(min(amount, returnable(self.account)), "sorry", "ann", self.now)
                self.account = replace(self.account, adjustments=(*self.account.adjustments, given))
            case "wait":
                self.now += timedelta(minutes=amount)
            case "expire":
                self.now += timedelta(days=8)
            case "retry":
                self.retry()
            case "close" if len(self.account.tenders) > 1:
                first, *others = self.account.tenders
                self.account = replace(self.account, tenders=(replace(first, is_closed=True), *others))
            case _:
                pass

    def retry(self) -> None:
        """A person asks to try again."""
        tenders = (replace(one, tries_from=len(self.account.steps), is_spent=False) for one in self.account.tenders)
        self.account = replace(self.account, tenders=tuple(tenders))

    def check(self) -> None:
        """What is true at every moment."""
        for one in standings(self.account):
            assert one.captured <= one.step.done_minor
            assert one.refunded + one.refunding <= one.captured
            assert one.open >= 0
        known = {key: kept for key, kept in self.gateway.payments.items() if not self._is_unknown(key)}
        assert known == self._books(known)
        assert set(self.gateway.effects.values()) <= {1}, "each step has one effect"
        self.earned_most = max(self.earned_most, self.earned)
        by_channel = sum(one.amount_minor for one in self.account.tenders if one.reported == CAPTURED)
        assert self.gateway.taken <= max(self.earned_most, by_channel), "nothing is taken that was not earned"
        back = sum(kept.refunded for kept in self.gateway.payments.values())
        owed_no_more = self.given_up + self.account.adjusted_minor + by_channel
        assert back <= owed_no_more, "nothing is given back that is owed"

    def _is_unknown(self, key: str) -> bool:
        return any(key == ask_of(self.account, step).payment_reference for step in in_flight(self.account)) or any(
            key == ask_of(self.account, step).key for step in in_flight(self.account)
        )

    def _books(self, known: dict[str, Kept]) -> dict[str, Kept]:
        """The gateway's books as our account has them."""
        return {
            one.step.reference: replace(
                known[one.step.reference],
                authorized=one.step.done_minor,
                captured=one.captured,
                refunded=one.refunded,
            )
            for one in standings(self.account)
            if one.step.reference in known
        }


def world(payments: list[tuple[str, int, str]], *, captures_once: bool) -> World:
    """An account with these payments and a card that takes the rest."""
    kinds = {"gift": TenderKind.GIFT_CARD, "card": TenderKind.CARD, "credit": TenderKind.STORE_CREDIT}
    providers = {name: Provider("memory", kind, captures_once) for name, kind in kinds.items()}
    account = Account(OrderId("O-1"), "USD")
    for number, (provider, amount, status) in enumerate([*payments, ("card", 1_000, "pending")], 1):
        account = add_tender(account, Payment(provider, f"tok-{number}", amount, status), providers)
    return World(account, MemoryGateway(captures_once))


@settings(max_examples=300)
@given(payments=PAYMENTS, happenings=HAPPENINGS, captures_once=st.booleans())
def test_the_money_of_an_order_adds_up_whatever_happens(
    payments: list[tuple[str, int, str]], happenings: list[tuple[str, int, list[Mood]]], *, captures_once: bool
) -> None:
    made = world(payments, captures_once=captures_once)
    for what, amount, moods in happenings:
        made.happen(what, amount)
        made.moods = list(moods)
        made.step()
    # From here on nothing more goes wrong: all of it leaves or is given up, and what was refused is tried again.
    made.moods = []
    made.happen("ship", made.to_come // 2)
    made.happen("cancel", made.to_come)
    made.account = replace(made.account, tenders=tuple(replace(one, is_closed=False) for one in made.account.tenders))
    found = made.step()
    for _ in range(30):
        made.now += timedelta(hours=2)
        made.retry()
        found = made.step()
        if made.is_at_rest:
            break
    assert has_captured(made.account) == max(0, made.earned - made.account.adjusted_minor)
    assert found.is_secured
    assert all(one.open == 0 for one in standings(made.account)), "nothing is kept that nobody needs"
    assert made.gateway.taken == has_captured(made.account)


@given(amount=AMOUNTS, first=AMOUNTS, second=AMOUNTS)
def test_a_refund_is_divided_over_the_tenders_in_proportion_to_the_cent(amount: int, first: int, second: int) -> None:
    made = world([("gift", first, "captured"), ("card", second, "captured")], captures_once=False)
    made.earned = first + second
    for _ in range(3):
        made.step()
    amount = min(amount, made.earned)
    made.happen("credit", amount)
    for _ in range(3):
        made.step()
    back = {one.tender.tender: one.refunded for one in standings(made.account) if one.captured}
    assert sum(back.values()) == amount
    exact = amount * first / (first + second)
    assert abs(back[1] - exact) <= 0.5
    assert back[1] <= first
    assert back[2] <= second


def test_what_may_have_been_given_back_is_not_given_back_once_more() -> None:
    made = world([("gift", 50, "captured"), ("card", 50, "captured")], captures_once=False)
    made.earned = 100
    for _ in range(2):
        made.step()
    made.happen("credit", 50)
    made.moods = [Mood.LOSES_ANSWER]
    made.step()
    assert [step.amount_minor for step in in_flight(made.account)] == [25]
    assert made.step().steps == ()
    made.now += timedelta(seconds=5)
    made.step()
    assert (made.gateway.taken, in_flight(made.account)) == (50, ())


def test_what_the_channel_may_have_captured_is_not_captured_once_more() -> None:
    made = world([("card", 50, "captured")], captures_once=False)
    made.to_come = 100
    made.moods = [Mood.LOSES_ANSWER]
    made.step()
    made.now += timedelta(seconds=5)
    made.happen("ship", 40)
    made.moods = [Mood.IS_LATE]
    assert [step.kind for step in made.step().steps] == ["authorize"]
    for _ in range(4):
        made.step()
        made.now += timedelta(seconds=5)
    assert made.gateway.taken == 50
