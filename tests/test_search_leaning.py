"""A question that cannot stand alone is told from one that names its subject, in any language."""

import tomllib
from importlib.resources import files

import pytest

from bot.model import Question
from bot.search.analysis import split_words
from bot.search.leaning import load_leaning


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "and when?"),
        ("en", "what did she say?"),
        ("en", "how many of them came from governments?"),
        ("nb", "hvem er han?"),
        ("fr", "qu'a-t-elle dit ?"),
        ("id", "temanya apa?"),
        ("de", "und wie lange?"),
        ("vi", "bà ấy nói gì?"),
        ("es", "¿y el tercero?"),
        ("ru", "а когда?"),
        ("de", "Guterres?"),
        ("ja", "何か国から？"),
    ],
)
def test_leaning_question_cannot_stand_alone(language: str, text: str) -> None:
    assert load_leaning().leans(Question(text, language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "how tall is Mount Everest?"),
        ("en", "what is the capital of Australia?"),
        ("nb", "hvor dyp er Sognefjorden i meter?"),
        ("fr", "qui a peint la Joconde ?"),
        ("id", "siapa presiden Prancis?"),
        ("de", "Wie wird das Wetter morgen?"),
        ("vi", "thủ đô của Nhật Bản là gì?"),
        ("es", "¿cuánto mide la Torre Eiffel?"),
        ("ru", "кто написал «Войну и мир»?"),
        ("ja", "ハノイ条約に署名したのは何か国ですか？"),
    ],
)
def test_leaning_question_that_names_its_subject_stands_alone(language: str, text: str) -> None:
    assert not load_leaning().leans(Question(text, language))


def test_leaning_finds_what_a_question_names() -> None:
    assert load_leaning().find_named(Question("and how many of them were women?", "en")) == ["women"]


def test_leaning_knows_no_word_that_a_question_is_never_cut_into() -> None:
    content = tomllib.loads((files("bot.search") / "leaning.toml").read_text("utf-8"))
    for language, words in content.items():
        for kind in ("openers", "pointing", "grammar"):
            for word in words[kind].split():
                assert split_words(word) == [word], f"{language}: {kind}: {word}"
