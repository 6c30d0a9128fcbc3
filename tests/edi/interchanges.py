"""Interchanges by chance, as far as both syntaxes can say them."""

from datetime import datetime

from hypothesis import strategies as st

from troth.adapters.edi.segments import Element, Group, Interchange, Party, Segment, Syntax, Transaction

_TEXTS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\xad"), max_size=12)
_TAGS = st.sampled_from(["N1", "W05", "MSG", "REF", "LX"])
_EDIFACT_TAGS = st.sampled_from(["BGM", "DTM", "FTX", "RFF", "LIN"])
_MOMENTS = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2068-12-31")).map(
    lambda at: at.replace(second=0, microsecond=0)
)


def _normal(element: list[list[str]]) -> Element:
    """An element without empty ones at its ends, as it is read again."""
    for components in element:
        while len(components) > 1 and not components[-1]:
            components.pop()
    while len(element) > 1 and element[-1] == [""]:
        element.pop()
    return tuple(map(tuple, element))


def elements(repetitions: int) -> st.SearchStrategy[tuple[Element, ...]]:
    """Elements of a segment, the last of them not empty."""
    components = st.lists(_TEXTS, min_size=1, max_size=3)
    one = st.lists(components, min_size=1, max_size=repetitions).map(_normal)
    return st.lists(one, max_size=5).map(_without_end)


def _without_end(found: list[Element]) -> tuple[Element, ...]:
    while found and found[-1] == (("",),):
        found.pop()
    return tuple(found)


@st.composite
def x12_interchanges(draw: st.DrawFn) -> Interchange:
    """An interchange of X12, of a version that repeats elements or of one that does not."""
    version, envelope = draw(st.sampled_from([("004010", "00401"), ("005010", "00501")]))
    groups = tuple(
        Group(
            draw(st.sampled_from(["OW", "SW", "QM"])),
            "US",
            "THEM",
            str(number),
            version,
            tuple(
                Transaction("940", version, f"{nth:04}", draw(_segments(_TAGS, 3 if version > "005" else 1)))
                for nth in range(1, draw(st.integers(2, 3)))
            ),
        )
        for number in range(1, draw(st.integers(1, 4)))
    )
    return Interchange(
        Syntax.X12, Party("US", "ZZ"), Party("THEM", "01"), f"{draw(st.integers(0, 999_999_999)):09}", draw(_MOMENTS),
        draw(st.booleans()), groups, envelope, draw(st.booleans()),
    )  # fmt: skip


@st.composite
def edifact_interchanges(draw: st.DrawFn) -> Interchange:
    """An interchange of EDIFACT, in groups or without, of a version that repeats elements or of one that does not."""
    version = draw(st.sampled_from(["UNOW.4", "UNOW.3"]))
    messages = [
        tuple(
            Transaction(
                "DESADV", "D.96A", str(nth), draw(_segments(_EDIFACT_TAGS, 3 if version[-1] == "4" else 1)), guide
            )
            for nth in range(1, draw(st.integers(2, 3)))
        )
        for guide in draw(st.lists(st.sampled_from(["", "EAN005"]), min_size=1, max_size=3))
    ]
    if draw(st.booleans()):
        groups = tuple(
            Group("DESADV", "US", "THEM", str(number), "D.96A", found) for number, found in enumerate(messages, 1)
        )
    else:
        groups = (Group("", "", "", "", "", messages[0]),)
    return Interchange(
        Syntax.EDIFACT, Party("4012345000009", "14"), Party("O'NEIL", ""), draw(st.sampled_from(["1", "REF?1", "A:B"])),
        draw(_MOMENTS), draw(st.booleans()), groups, version, draw(st.booleans()),
    )  # fmt: skip


@st.composite
def _segments(draw: st.DrawFn, tags: st.SearchStrategy[str], repetitions: int) -> tuple[Segment, ...]:
    count = draw(st.integers(0, 4))
    return tuple(Segment(draw(tags), draw(elements(repetitions)), place) for place in range(2, count + 2))
