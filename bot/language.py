"""Languages: their tags, their names, and which one a text is in.

Tags are primary BCP 47 subtags. Norwegian bokmål is ``nb`` and never the macrolanguage ``no``.
Detection is py3langid's (Lui and Baldwin 2012, "langid.py: An Off-the-shelf Language Identification
Tool"), restricted to languages that people write to the bot in, and weighed by what is likely
beforehand: both are what makes it right on short texts. It does not translate anything.
"""

import os
import re
from collections.abc import Iterable
from functools import cache

from babel import Locale
from py3langid.langid import MODEL_FILE, LanguageIdentifier

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


def find_system_language() -> str | None:
    """Return the language of this machine's user, if the environment tells (LC_ALL, LANG)."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    # Such as nb_NO.UTF-8; C and POSIX are no language.
    tag = next(filter(None, names), "").partition(".")[0]
    try:
        return parse_language(tag)
    except ValueError:
        return None


@cache
def name_language(language: str, reader: str = "en") -> str:
    """Name a language in the reader's: ``nb`` is "Norwegian" in ``en``, "norvégien" in ``fr``."""
    names = Locale(reader).languages
    name = str(names.get(_NAMED_AS.get(language, language), language))
    # CLDR's Vietnamese names begin as on a list of their own; here they stand within a line.
    return name.replace("Tiếng ", "tiếng ", 1)


class LanguageDetector:
    """Tells which language a text is in; safe to call from several threads.

    Bayes' rule: to how likely a text is in each language, as a logarithm, is added how likely that
    language is beforehand. People tend to ask in the language of their Telegram (the hint) and in
    those of the articles. A text without a telling letter ("72", "ok") is in the language of the
    hint, else in the fallback.
    """

    # In nats: e to this power is how many times as likely the language is as another. Chosen on
    # questions_tuning.toml, whole and cut to three words; tests/benchmarks/languages.py measures.
    _HINT = 5.0
    _ARTICLES = 5.0

    def __init__(self, languages: Iterable[str] = (), fallback: str = "en") -> None:
        """Prepare for ``DETECTED`` and, beyond these, the given languages of the articles."""
        self._articles_languages = frozenset(languages)
        self._identifier = load_identifier(self._articles_languages.union(DETECTED))
        self._fallback = fallback

    def detect(self, text: str, hint: str | None = None) -> str:
        """Return the language of a text; ``hint`` is the asker's language, as a BCP 47 tag."""
        expected = _parse_hint(hint)
        likelihoods = self._measure(text)
        if not likelihoods:
            return expected or self._fallback
        # Names look like their own language, so that what is left without them counts as much.
        nameless = self._measure(_leave_out_names(text))
        if nameless:
            likelihoods = {
                language: (value + nameless[language]) / 2 for language, value in likelihoods.items()
            }
        return max(likelihoods, key=lambda language: likelihoods[language] + self._weigh(language, expected))

    def _measure(self, text: str) -> dict[str, float]:
        """Return the log likelihood of a text by language; nothing where no language is likelier."""
        ranked = self._identifier.rank(text)
        if ranked[0][1] == ranked[-1][1]:
            return {}
        return {_PREFERRED.get(tag, tag): value for tag, value in ranked}

    def _weigh(self, language: str, expected: str | None) -> float:
        from_hint = self._HINT if language == expected else 0.0
        return from_hint + (self._ARTICLES if language in self._articles_languages else 0.0)


@cache
def load_identifier(languages: frozenset[str]) -> LanguageIdentifier:
    """Load the model for those of the languages that it knows, once in a process.

    It takes 100 MB for a moment, and a third of a second.
    """
    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages([tag for tag in whole.labels if _PREFERRED.get(tag, tag) in languages])
    # It would keep the numbers of all 139 languages beside these, 24 MB.
    return LanguageIdentifier(
        whole.nb_ptc, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_output, tk_row=whole.tk_row
    )


def _leave_out_names(text: str) -> str:
    """Drop the words behind the first that begin with a capital."""
    first, *others = text.split() or [""]
    return " ".join([first, *(word for word in others if not word[0].isupper())])


def _parse_hint(hint: str | None) -> str | None:
    try:
        return parse_language(hint) if hint else None
    except ValueError:
        return None
