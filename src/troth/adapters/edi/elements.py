"""The elements of a segment out of its text."""

from troth.adapters.edi.segments import Element

_KNOWN_MAX = 50_000


class Elements(dict[str, Element]):
    """What each text of an element says. Most of them come again and again, and are taken apart once."""

    def __init__(self, *, component: str, repetition: str) -> None:
        super().__init__()
        self._component = component
        self._repetition = repetition

    def __missing__(self, text: str) -> Element:
        """Take apart a text that was not seen yet."""
        repetitions = text.split(self._repetition) if self._repetition else [text]
        found = element_of([one.split(self._component) for one in repetitions])
        if len(self) < _KNOWN_MAX:
            self[text] = found
        return found


def element_of(repetitions: list[list[str]]) -> Element:
    """An element of its repetitions and components, without empty ones at their ends."""
    for components in repetitions:
        while len(components) > 1 and not components[-1]:
            components.pop()
    while len(repetitions) > 1 and repetitions[-1] == [""]:
        repetitions.pop()
    return tuple(map(tuple, repetitions))


def texts_of(elements: tuple[Element, ...], *, component: str, repetition: str) -> list[str]:
    """What is written for elements, without empty ones at the end."""
    texts = [
        component.join(_without_end(element[0]))
        if len(element) == 1
        else repetition.join(_without_end(tuple(component.join(_without_end(one)) for one in element)))
        for element in elements
    ]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _without_end(texts: tuple[str, ...]) -> tuple[str, ...]:
    last = len(texts)
    while last > 1 and not texts[last - 1]:
        last -= 1
    return texts[:last]
