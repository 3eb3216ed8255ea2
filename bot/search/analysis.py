"""Analysis: a text is cut into words, and each word reduced to its term in a language.

Case is folded, Unicode normalised, the word reduced to its Snowball stem where its language has
a stemmer. A figure is one term however it is grouped: "2 500", "2.500" and "2,500" are "2500", and
in whichever digits it is written. Scripts without spaces between words give pairs of characters.
There are no lists of stop words: BM25's idf weighs them.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import regex
from Stemmer import Stemmer, algorithms

from bot.characters import UNSPACED

_GROUPED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:([ .,'’\u00a0\u202f])\d{3})(?:\1\d{3})*(?![\d]|[.,]\d)")
_GROUP_SEPARATOR = re.compile(r"\D")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
# The Arabic marks of thousands and decimals; and what is left of "İ" once its case is folded.
_OTHER_MARKS = str.maketrans({"\u066c": ",", "\u066b": "."})
_DOTTED_I = "i\u0307"
# Unlike Python's own, it knows that the signs of Indian and Arabic scripts belong to their words.
_TOKEN = regex.compile(rf"\d+(?:[.,]\d+)*|[{UNSPACED}]+|[^\W\d_{UNSPACED}]+(?:['’][^\W\d_]+)*|[^\W_]")
_UNSPACED_TOKEN = re.compile(rf"[{UNSPACED}]+")

_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}


def split_words(text: str) -> list[str]:
    """Cut a text into folded words and figures, in order.

    >>> split_words("Plus de 2 500 délégués, 71 Artikel.")
    ['plus', 'de', '2500', 'délégués', '71', 'artikel']
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace(_DOTTED_I, "i").translate(_OTHER_MARKS)
    figured = _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), folded)
    joined = _GROUPED_NUMBER.sub(lambda match: _GROUP_SEPARATOR.sub("", match[0]), figured)
    words: list[str] = []
    for token in _TOKEN.findall(joined):
        if _UNSPACED_TOKEN.fullmatch(token) and len(token) > 1:
            words.extend(token[start : start + 2] for start in range(len(token) - 1))
        else:
            words.append(token.replace(",", ".").replace("’", "'"))
    return words


def extract_terms(text: str, language: str) -> list[str]:
    """Return the terms of a text that is read in ``language``, in order.

    >>> extract_terms("The countries signed", "en")
    ['the', 'countri', 'sign']
    """
    return stem_words(split_words(text), language)


def stem_words(words: Sequence[str], language: str) -> list[str]:
    """Return the term of each folded word, read in ``language``, in order.

    >>> stem_words(["countries", "2500"], "en")
    ['countri', '2500']
    """
    stemmer = _load_stemmer(language)
    return stemmer.stemWords(words) if stemmer else list(words)


def find_figures(text: str) -> frozenset[str]:
    """Return the figures in a text, without the marks that a language groups their digits with.

    >>> sorted(find_figures("Plus de 2 500 délégués de 119 pays"))
    ['119', '2500']
    """
    return frozenset(word for word in split_words(text) if word[0].isdigit())


@cache
def _load_stemmer(language: str) -> Stemmer | None:
    """Return the language's Snowball stemmer, or None where there is none."""
    name = _STEMMERS.get(language)
    return Stemmer(name) if name in algorithms() else None
