"""Small talk is told from questions, in many languages."""

import tomllib
from pathlib import Path

import pytest

from bot.model import SmallTalk
from bot.wording.small_talk import SmallTalkPhrases, load_small_talk

DATA = Path(__file__).parent / "data"
EVALUATED = (
    "questions_tuning",
    "questions_test",
    "questions_paraphrased",
    "conversations_tuning",
    "conversations_test",
)
LISTED = tomllib.loads((DATA / "not_questions.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def small_talk() -> SmallTalkPhrases:
    return load_small_talk()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Hi!", SmallTalk.GREETING),
        ("  hei hei :) ", SmallTalk.GREETING),
        ("こんにちは。", SmallTalk.GREETING),
        ("Hello 🌞", SmallTalk.GREETING),
        ("Guten Morgen, wie geht's?", SmallTalk.HOW_ARE_YOU),
        ("Alles klar, vielen Dank!", SmallTalk.HOW_ARE_YOU),
        ("Merci beaucoup 🙏", SmallTalk.THANKS),
        ("👍🏽", SmallTalk.THANKS),
        ("CẢM ƠN BẠN", SmallTalk.THANKS),
        ("no, thanks", SmallTalk.THANKS),
        ("terima kasih, sampai jumpa!", SmallTalk.THANKS),
        ("пока", SmallTalk.FAREWELL),
        ("Hello. Who are you?", SmallTalk.WHO_ARE_YOU),
        ("t'es qui ?", SmallTalk.WHO_ARE_YOU),
        ("please", SmallTalk.WHAT_CAN_I_ASK),
    ],
)
def test_small_talk_is_recognised(small_talk: SmallTalkPhrases, text: str, meaning: SmallTalk) -> None:
    assert small_talk.recognise(text) is meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("STOOOOP!!!", SmallTalk.REFUSAL),
        ("hellooo", SmallTalk.GREETING),
        ("hahahahaha", SmallTalk.ACKNOWLEDGEMENT),
        ("thnaks", SmallTalk.THANKS),
        ("Dakne schön", SmallTalk.THANKS),
        ("terima kasi", SmallTalk.THANKS),
        ("Merçi", SmallTalk.THANKS),
        ("adios", SmallTalk.FAREWELL),
        ("tell me moer", SmallTalk.TELL_ME_MORE),
        ("ПОМОГИТЕ!", SmallTalk.WHAT_CAN_I_ASK),
        ("أهلاً", SmallTalk.GREETING),
    ],
)
def test_small_talk_survives_typing(small_talk: SmallTalkPhrases, text: str, meaning: SmallTalk) -> None:
    assert small_talk.recognise(text) is meaning


@pytest.mark.parametrize(
    "text",
    [
        "Hello, how many countries signed?",
        "thanks, and who signed first?",
        "who is Guterres?",
        "hvem er Brandolino",
        "when?",
        "und wann?",
        "Wie geht's weiter?",
        "Hva skjer nå?",
        "Hva skjer da?",
        "Como vai funcionar?",
        "왜?",
        "なぜ",
        "U.S.?",
        "slave",
        "",
        "hi " * 100,
        "read https://example.org and tell me who signed",
    ],
)
def test_small_talk_does_not_hide_a_question(small_talk: SmallTalkPhrases, text: str) -> None:
    assert small_talk.recognise(text) is None


@pytest.mark.parametrize("listed", LISTED["not_question"], ids=lambda listed: listed["text"])
def test_small_talk_is_what_is_listed_as_not_a_question(
    small_talk: SmallTalkPhrases, listed: dict[str, str]
) -> None:
    assert small_talk.recognise(listed["text"]) is SmallTalk(listed["meaning"])


@pytest.mark.parametrize("listed", LISTED["question"], ids=lambda listed: listed["text"])
def test_small_talk_leaves_questions_that_look_like_it(
    small_talk: SmallTalkPhrases, listed: dict[str, str]
) -> None:
    assert small_talk.recognise(listed["text"]) is None


def test_small_talk_has_every_meaning_in_eight_languages_and_more() -> None:
    assert {listed["meaning"] for listed in LISTED["not_question"]} == {
        meaning.value for meaning in SmallTalk
    }
    for kind in ("not_question", "question"):
        assert len(LISTED[kind]) >= 40
        assert len({listed["language"] for listed in LISTED[kind]}) >= 8


@pytest.mark.parametrize("name", EVALUATED)
def test_small_talk_hides_none_of_the_evaluated_questions(small_talk: SmallTalkPhrases, name: str) -> None:
    listed = tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))
    questions = [
        one[key] for one in listed["question"] for key in ("question", "earlier", "full") if key in one
    ]
    assert len(questions) > 80
    assert [question for question in questions if small_talk.recognise(question)] == []
