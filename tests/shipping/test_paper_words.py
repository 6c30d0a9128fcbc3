"""The texts of papers: every language says everything."""

import re

from troth.printing.words import TEXTS


def test_every_language_of_papers_says_everything_with_the_same_values() -> None:
    values = re.compile(r"\{(\w+)\}")
    for language, texts in TEXTS.items():
        assert texts.keys() == TEXTS["en"].keys(), language
        for name, text in texts.items():
            assert sorted(values.findall(text)) == sorted(values.findall(TEXTS["en"][name])), (language, name)
