"""Who does not know what to ask is offered questions, and asks one with a tap or by a link."""

from pathlib import Path

import pytest

from bot.chat.cards.keyboards import lay_out_examples
from bot.chat.cards.start_links import decode_question, encode_question
from bot.sandbox.api.failures import nonsense
from bot.sandbox.server import BotApi
from bot.settings import PROJECT
from bot.wording.examples import Examples, ExamplesError, digest_question, load_examples
from tests.chat_bot import CATALOGUES, EXAMPLES, SIGNED, phrases, running_bot

LANGUAGES = ["ar", "de", "en", "es", "fr", "id", "ja", "nb", "pt", "ru", "vi", "zh"]


async def test_start_offers_examples_that_are_asked_with_a_tap(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna", language_code="nb")
        start = await anna.private_chat.reply_to(anna.starts())
        assert start.text.endswith(CATALOGUES["nb"].say("example.offer"))
        # There are none in Norwegian here.
        assert [button["text"] for button in start.buttons] == list(EXAMPLES["en"])
        assert (await anna.presses(start, SIGNED)).text == ""
        posed = await anna.private_chat.next_message_from_bot()
        assert posed.text == f"«{SIGNED}»"
        assert "72" in (await anna.private_chat.reply_to(posed)).text
        assert await bot.read_log("question, user_id, chat_id") == [(SIGNED, anna.id, anna.id)]


async def test_example_in_a_topic_is_asked_there_by_who_taps(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, linh = api.person("Anna"), api.person("Linh", language_code="vi")
        forum = api.supergroup(forum=True, members=[anna, linh])
        topic = api.topic(forum, "Law", by=anna)
        start = await forum.reply_to(anna.says("/start", chat=forum, topic=topic))
        await linh.presses(start, SIGNED)
        posed = await forum.next_message_from_bot()
        assert posed.topic is topic
        answer = await forum.reply_to(posed)
        assert answer.topic is topic
        assert "bằng tiếng Anh" in answer.text
        assert await bot.read_log("user_id, chat_id") == [(linh.id, forum.id)]


async def test_example_that_is_gone_says_so(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code="id")
        start = await anna.private_chat.reply_to(anna.starts())
        gone = CATALOGUES["id"].say("example.gone")
        assert (await anna.calls_back(start, f"ask:{digest_question('?')}")).text == gone
        anna.deletes(start)
        assert (await anna.presses(start, SIGNED)).text == gone


@pytest.mark.parametrize("words", ["Who signed?", "Ai đã ký?", "Qui a signé\nla Convention ?", "x" * 46])
async def test_link_carries_a_question(tmp_path: Path, words: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        payload = encode_question(words)
        assert payload is not None
        posed = await anna.private_chat.reply_to(anna.starts(payload))
        assert posed.text == phrases.say("asked", question=" ".join(words.split()))
        await anna.private_chat.reply_to(posed)
        assert await bot.read_log("question, user_id") == [(" ".join(words.split()), anna.id)]


@pytest.mark.parametrize("payload", ["", "from-a-friend", "q-", "q-_", "q-____", "q-IA", "Q-V2hv", "inline"])
async def test_link_that_carries_no_question_is_an_ordinary_start(tmp_path: Path, payload: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        assert (await anna.private_chat.reply_to(anna.starts(payload))).text.startswith("Hello!")


def test_links_carry_what_fits_and_nothing_longer() -> None:
    assert encode_question("x" * 47) is None
    assert len(encode_question("x" * 46) or "") == 64
    assert decode_question(encode_question("Combien\ud800 ?") or "") == "Combien? ?"


def test_examples_of_the_project_are_three_in_each_language() -> None:
    examples = load_examples(PROJECT / "config" / "examples.toml")
    offered = {language: examples.choose(language) for language in LANGUAGES}
    assert {len(questions) for questions in offered.values()} == {3}
    assert len(set(offered.values())) == len(LANGUAGES)


def test_examples_are_none_without_the_file(tmp_path: Path) -> None:
    assert lay_out_examples(load_examples(tmp_path / "examples.toml"), "en") == []


def test_examples_are_of_the_reader_s_language_else_english() -> None:
    examples = Examples({"en": ("one", "two", "three", "four"), "nb": ("én",)})
    assert examples.choose("nb") == ("én",)
    assert examples.choose("vi") == ("one", "two", "three")
    assert examples.find(digest_question("four")) == "four"
    assert examples.find(digest_question("five")) is None


def test_example_buttons_hold_what_telegram_takes() -> None:
    rows = lay_out_examples(Examples({"vi": ("Có bao nhiêu quốc gia đã ký Công ước? " * 5,)}), "vi")
    data = rows[0][0].callback_data
    assert isinstance(data, str)
    assert len(data.encode()) <= 64


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ("en = [", "cannot be read as TOML"),
        ('klingon = ["nuqneH"]', "klingon: must be the tag of a language"),
        ('en = "Who?"', "en: must be a list of questions"),
        ('en = ["Who?", 7]', "en: must be a list of questions"),
        ('en = ["  "]', "en: must be a list of questions"),
        (f'en = ["{"x" * 201}"]', "en: must be a list of questions"),
    ],
)
def test_examples_with_a_mistake_name_the_file(tmp_path: Path, content: str, mistake: str) -> None:
    path = tmp_path / "examples.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(ExamplesError, match=mistake) as raised:
        load_examples(path)
    assert str(raised.value).startswith(f"{path}: ")


async def test_example_that_fails_after_the_tap_is_apologised_for(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        start = await anna.private_chat.reply_to(anna.starts())
        api.fail("sendMessage", nonsense())
        # Telegram takes one note a tap, and it was given before anything went wrong.
        assert (await anna.presses(start, SIGNED)).text == ""
        assert (await anna.private_chat.reply_to(start)).text == phrases.say("apology")


async def test_examples_tapped_too_fast_are_refused_once_and_not_written(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, questions_per_minute=2):
        anna = api.person("Anna")
        start = await anna.private_chat.reply_to(anna.starts())
        for _ in range(5):
            await anna.presses(start, SIGNED)
        await api.expect_silence(anna.private_chat, 0.5)
        told = [message.text for message in anna.private_chat.from_bot]
        assert told.count(phrases.say("asked", question=SIGNED)) == 2
        assert told.count(phrases.say("question.too-many", count=2)) == 1
        assert len(told) == 6
