"""Headings and captions: which paragraphs name what the text is about and say nothing about it.

A heading is short, stands alone in its paragraph, ends without a full stop or the like, and holds no
figure: "72 countries" may well be an answer. Whole articles are written without final punctuation,
in Thai and as lists; there, its absence tells nothing.
"""

import re
from collections.abc import Sequence

_MOST_WORDS = 14
_MOST_CHARACTERS = 100
# In scripts without spaces between words, a character counts about half a word.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_MOST_UNSPACED = 28
_ENDS_AS_SENTENCE = re.compile(r"[.!?…。！？．؟۔।॥]\W*$")
_NUMBERING = re.compile(r"^\W*(?:\d+|[IVXivx]+|[A-Za-z])[.)]\s+")


def find_headings(paragraphs: Sequence[Sequence[str]]) -> frozenset[int]:
    """Return the numbers of the paragraphs of an article that are headings or captions.

    Each paragraph is given as its sentences.

    >>> sorted(find_headings([["Three results"], ["The minister named three.", "He left."], ["It rained."]]))
    [0]
    """
    open_ended = [
        number for number, sentences in enumerate(paragraphs) if not _ENDS_AS_SENTENCE.search(sentences[-1])
    ]
    if 2 * len(open_ended) > len(paragraphs):
        return frozenset()
    return frozenset(
        number
        for number in open_ended
        if len(paragraphs[number]) == 1 and _is_like_heading(paragraphs[number][0])
    )


def _is_like_heading(text: str) -> bool:
    named = _NUMBERING.sub("", text)
    return (
        len(named) <= _MOST_CHARACTERS
        and len(named.split()) <= _MOST_WORDS
        and len(_UNSPACED.findall(named)) <= _MOST_UNSPACED
        and not any(character.isdigit() for character in named)
    )
