"""Languages: their tags, their names, and which one a text is in.

Tags are primary BCP 47 subtags. Norwegian bokmål is ``nb`` and never the macrolanguage ``no``.
Detection is lingua's, restricted to languages that people write to the bot in; the restriction
is what makes it right on short texts. It does not translate anything.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from babel import Locale
from lingua import Language, LanguageDetectorBuilder

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_PREFERRED = {"no": "nb", "iw": "he", "in": "id"}
# Bokmål and nynorsk go by one name among readers who do not write either.
_NAMED_AS = {"nb": "no"}

DETECTED = (
    *("ar", "da", "de", "en", "es", "fi", "fr", "hi", "id", "it", "ja", "ko", "nb", "nl", "pl"),
    *("pt", "ru", "sv", "th", "tr", "uk", "vi", "zh"),
)
"""The languages that detection chooses among, besides those of the articles."""


def parse_language(tag: str) -> str:
    """Return the primary subtag of a BCP 47 tag: ``en-GB`` is ``en``, ``no`` is ``nb``.

    Raises:
        ValueError: the text is no language tag, or no language has that subtag.
    """
    match = _TAG.fullmatch(tag.strip())
    subtag = match[1].lower() if match else ""
    subtag = _PREFERRED.get(subtag, subtag)
    if subtag not in Locale("en").languages:
        message = "must be the tag of a language (BCP 47, such as en, nb or pt-BR)"
        raise ValueError(message)
    return subtag


@cache
def name_language(language: str, reader: str = "en") -> str:
    """Name a language in the reader's: ``nb`` is "Norwegian" in ``en``, "norvégien" in ``fr``."""
    names = Locale(reader).languages
    name = str(names.get(_NAMED_AS.get(language, language), language))
    # CLDR's Vietnamese names begin as on a list of their own; here they stand within a line.
    return name.replace("Tiếng ", "tiếng ", 1)


class LanguageDetector:
    """Tells which language a text is in; safe to call from several threads.

    lingua's estimate is weighed by what is likely beforehand: people tend to ask in the language
    of their Telegram (the hint) and in those of the articles. A text without a telling word (a
    bare name, a figure) is left to these, then to the fallback.
    """

    # Right for 97% of questions without and 98% with a hint; unweighted for 96%.
    _HINT_WEIGHT = 5.0
    _ARTICLES_WEIGHT = 3.0
    # Below this no language is meant: lingua gives "72" and "ok" the same tiny share of each.
    _LEAST_CONFIDENCE = 0.05

    def __init__(self, languages: Iterable[str] = (), fallback: str = "en") -> None:
        """Prepare for ``DETECTED`` and, beyond these, the given languages of the articles."""
        known = {_code(language): language for language in Language.all()}
        self._articles_languages = frozenset(languages)
        chosen = {known[tag] for tag in {*DETECTED, *self._articles_languages} if tag in known}
        # Its high-accuracy models take 400 MB and 4 s to load, and are right for 1% more.
        self._detector = LanguageDetectorBuilder.from_languages(*chosen).with_low_accuracy_mode().build()
        self._fallback = fallback

    def detect(self, text: str, hint: str | None = None) -> str:
        """Return the language of a text; ``hint`` is the asker's language, as a BCP 47 tag."""
        expected = _parse_hint(hint)
        confidence = self._measure(text)
        nameless = _leave_out_names(text)
        again = self._measure(nameless) if nameless != text else confidence.copy()
        confidence.update(again)
        if max(confidence.values(), default=0.0) < self._LEAST_CONFIDENCE:
            return expected or self._fallback
        return max(confidence, key=lambda language: confidence[language] * self._weigh(language, expected))

    def _measure(self, text: str) -> Counter[str]:
        values = self._detector.compute_language_confidence_values(text)
        return Counter({_code(value.language): value.value for value in values})

    def _weigh(self, language: str, expected: str | None) -> float:
        weight = self._HINT_WEIGHT if language == expected else 1.0
        return weight * self._ARTICLES_WEIGHT if language in self._articles_languages else weight


@cache
def _code(language: Language) -> str:
    return language.iso_code_639_1.name.lower()


def _leave_out_names(text: str) -> str:
    """Drop the words behind the first that begin with a capital: names look like their own language."""
    first, *others = text.split() or [""]
    return " ".join([first, *(word for word in others if not word[0].isupper())])


def _parse_hint(hint: str | None) -> str | None:
    try:
        return parse_language(hint) if hint else None
    except ValueError:
        return None
