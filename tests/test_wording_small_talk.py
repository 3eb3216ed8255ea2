"""Small talk is told from questions, in many languages."""

import pytest

from bot.model import SmallTalk
from bot.wording.small_talk import SmallTalkPhrases, load_small_talk


@pytest.fixture(scope="module")
def small_talk() -> SmallTalkPhrases:
    return load_small_talk()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Hi!", SmallTalk.GREETING),
        ("  hei hei :) ", SmallTalk.GREETING),
        ("こんにちは。", SmallTalk.GREETING),
        ("Guten Morgen, wie geht's?", SmallTalk.HOW_ARE_YOU),
        ("Merci beaucoup 🙏", SmallTalk.THANKS),
        ("👍🏽", SmallTalk.THANKS),
        ("CẢM ƠN BẠN", SmallTalk.THANKS),
        ("terima kasih, sampai jumpa!", SmallTalk.THANKS),
        ("пока", SmallTalk.FAREWELL),
        ("Hello. Who are you?", SmallTalk.WHO_ARE_YOU),
        ("t'es qui ?", SmallTalk.WHO_ARE_YOU),
    ],
)
def test_small_talk_is_recognised(small_talk: SmallTalkPhrases, text: str, meaning: SmallTalk) -> None:
    assert small_talk.recognise(text) is meaning


@pytest.mark.parametrize(
    "text",
    [
        "Hello, how many countries signed?",
        "thanks, and who signed first?",
        "who is Guterres?",
        "hvem er Brandolino",
        "when?",
        "asdf",
        "???",
        "",
        "hi " * 100,
    ],
)
def test_small_talk_does_not_hide_a_question(small_talk: SmallTalkPhrases, text: str) -> None:
    assert small_talk.recognise(text) is None
