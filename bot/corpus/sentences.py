"""Paragraphs cut into sentences.

sentencex (Wikimedia, about 300 languages) does the cutting. It breaks after ordinal dates
("26. oktober") and after abbreviations that it does not know ("M. Dupont" in some languages); such
pieces are joined again by rules that hold in any language. Paragraphs are never joined: captions and
headings are paragraphs of their own. A sentence of thousands of characters is cut all the same, so
that the time grows only with the length of the text.
"""

import re
from collections.abc import Iterator

import sentencex

# sentencex knows Norwegian by its macrolanguage only.
_SENTENCEX_NAMES = {"nb": "no", "nn": "no"}

# sentencex takes time by the square of a paragraph's length. No sentence that anybody reads is longer.
_LONGEST = 8_000

_LOWER_CASE_START = re.compile(r"[^\w\s]*[^\W\d_A-Z]")
# A number, one or two letters, or letters none of which is a vowel: "2.", "M.", "Bpk."
_LONE_ABBREVIATION = re.compile(r"\W*(?:\d+|[^\W\d_]{1,2}|[b-df-hj-np-tv-z]{1,4})\.\W*", re.IGNORECASE)
_INITIAL_AT_END = re.compile(r"(?:^|[\s(\"'«„“.-])[^\W\d_]\.$")
_SHORT_WORD_AT_END = re.compile(r"(?:^|\s)[^\W\d_]{1,2}\.$")


def split_sentences(paragraph: str, language: str) -> list[str]:
    """Cut one paragraph into sentences, in order, without white space around them.

    >>> split_sentences("Møtet var 26. oktober. Så gikk de.", "nb")
    ['Møtet var 26. oktober.', 'Så gikk de.']
    """
    sentences: list[str] = []
    for piece in _segment(paragraph, _SENTENCEX_NAMES.get(language, language)):
        text = piece.strip()
        if not text:
            continue
        if sentences and len(sentences[-1]) < _LONGEST and _continues(sentences[-1], text):
            sentences[-1] = f"{sentences[-1]} {text}"
        else:
            sentences.append(text)
    return sentences


def _segment(paragraph: str, language: str) -> Iterator[str]:
    """Yield the pieces that sentencex finds, one stretch of the paragraph at a time."""
    start = 0
    while start < len(paragraph):
        pieces = list(sentencex.segment(language, paragraph[start : start + _LONGEST]))
        if start + _LONGEST < len(paragraph) and len(pieces) > 1:
            # The last piece may go on beyond the stretch.
            pieces.pop()
        yield from pieces
        start += sum(map(len, pieces))


def _continues(before: str, piece: str) -> bool:
    """Tell whether a piece belongs to the sentence before it."""
    start = _LOWER_CASE_START.match(piece)
    return (
        (start is not None and start[0][-1].islower())
        or _LONE_ABBREVIATION.fullmatch(before) is not None
        or (_INITIAL_AT_END.search(before) is not None and before[-2].isupper())
        or (piece[0].isdigit() and _SHORT_WORD_AT_END.search(before) is not None)
    )
