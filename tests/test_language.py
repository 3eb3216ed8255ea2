"""Languages of short questions, and their tags and names."""

import tomllib
from pathlib import Path

import pytest

from bot.language import LanguageDetector, name_language, parse_language

QUESTIONS = Path(__file__).parent / "data" / "questions_test.toml"


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    return LanguageDetector(["de", "en", "fr", "id", "nb"])


@pytest.mark.parametrize(("is_hinted", "least"), [(False, 0.96), (True, 0.98)])
def test_language_of_questions_is_detected(
    detector: LanguageDetector, *, is_hinted: bool, least: float
) -> None:
    entries = tomllib.loads(QUESTIONS.read_text("utf-8"))["question"]
    questions = [(entry["question"], entry["language"]) for entry in entries if "facts" in entry]
    right = [
        language
        for question, language in questions
        if detector.detect(question, language if is_hinted else None) == language
    ]
    assert len(right) / len(questions) >= least


@pytest.mark.parametrize("text", ["72", "ok", "???", ""])
def test_language_without_a_telling_word_is_the_hint(detector: LanguageDetector, text: str) -> None:
    assert detector.detect(text, hint="no") == "nb"
    assert detector.detect(text, hint="pt-br") == "pt"
    assert detector.detect(text, hint="not a tag") == "en"
    assert detector.detect(text) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hvor mange land signerte?", "nb"),
        ("hvem signerte?", "nb"),
        ("Hvem er John Brandolino?", "nb"),
        ("Who is John Brandolino?", "en"),
        ("Qui est John Brandolino ?", "fr"),
        ("hur många länder skrev under?", "sv"),
    ],
)
def test_language_of_a_few_words_is_detected_among_names_and_neighbours(
    detector: LanguageDetector, text: str, language: str
) -> None:
    assert detector.detect(text) == language


def test_language_of_the_asker_tells_neighbours_apart(detector: LanguageDetector) -> None:
    assert detector.detect("hvem sagde det?", hint="da") == "da"
    assert detector.detect("hvem sa det?", hint="no") == "nb"


def test_language_of_the_articles_may_be_one_that_is_rarely_asked_in() -> None:
    assert LanguageDetector(["cs"]).detect("kolik zemí podepsalo úmluvu?") == "cs"


def test_language_hint_does_not_overrule_a_clear_text(detector: LanguageDetector) -> None:
    assert detector.detect("Wie viele Länder haben unterschrieben?", hint="vi") == "de"


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("no", "nb"), ("nb-NO", "nb"), ("PT_br", "pt")])
def test_language_tags_are_reduced_to_the_primary_subtag(tag: str, language: str) -> None:
    assert parse_language(tag) == language


@pytest.mark.parametrize("tag", ["", "e", "english", "en us", "xq", "../en"])
def test_language_tags_that_are_none_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="must be the tag of a language"):
        parse_language(tag)


def test_language_names_are_in_the_reader_s_words() -> None:
    assert name_language("nb") == "Norwegian"
    assert name_language("nb", "fr") == "norvégien"
    assert name_language("id", "de") == "Indonesisch"
