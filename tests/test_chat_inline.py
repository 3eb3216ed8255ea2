"""In any chat "@bot question" gives cards to choose from, each with its source."""

from pathlib import Path

import pytest

from bot.chat.cards.answer_card import find_excerpt
from bot.chat.cards.start_links import decode_question
from bot.sandbox.server import BotApi
from tests.chat_bot import (
    CATALOGUES,
    EXAMPLES,
    SIGNED,
    Gate,
    phrases,
    running_bot,
    slow_index,
    write_article,
)

NOWHERE = "zwiebelkuchen"


@pytest.mark.parametrize("language", ["nb", "vi", "de"])
async def test_inline_question_gives_cards_with_their_sources(tmp_path: Path, language: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna", language_code=language)
        found = await anna.asks_inline(f"  {SIGNED} ")
        assert 1 < len(found.results) <= 10
        assert found.is_personal
        assert found.cache_time <= 60
        sources = {article.source for article in bot.desk.corpus.articles}
        assert any("72" in result["description"] for result in found.results)
        for result in found.results:
            assert {entity.get("url") for entity in result["message"]["entities"]} & sources
        outlet, _, named = found.titles[0].partition(" · ")
        (best,) = [article for article in bot.desk.corpus.articles if article.outlet == outlet]
        assert named
        assert (
            CATALOGUES[language].say("answer.in-language", language=named)
            in found.results[0]["message"]["text"]
        )
        assert best.source in str(found.results[0]["message"])


async def test_inline_card_that_is_sent_is_written_down_where_telegram_tells_of_it(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, ben = api.person("Anna"), api.person("Ben")
        group = api.group(members=[anna, ben], bot="left")
        unheard = await anna.asks_inline(SIGNED)
        anna.chooses(unheard, chat=group)
        api.inline_feedback = True
        found = await anna.asks_inline(SIGNED)
        sent = anna.chooses(found, 1, chat=group)
        assert sent.text == found.results[1]["message"]["text"]
        examples = await anna.asks_inline("")
        anna.chooses(examples, chat=group)
        await api.polled()
        rows = await bot.read_log("question, user_id, chat_id, is_answered")
        assert rows == [(SIGNED, anna.id, None, 1)] * 2


async def test_inline_card_that_is_sent_is_kept_as_it_was_quoted(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        api.inline_feedback = True
        anna = api.person("Anna")
        found = await anna.asks_inline(SIGNED)
        anna.chooses(found, 2)
        await api.polled()
        (button,) = (await anna.private_chat.reply_to(anna.says("/history"))).buttons
        exchange = await bot.journal.find(button["callback_data"].removeprefix("again:"))
        assert exchange is not None
        (hit,) = exchange.answer.hits
        assert find_excerpt(hit) in found.results[2]["message"]["text"]


async def test_inline_results_are_paged(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(24):
        write_article(articles, f"whale-{number:02}", f"Blue whale number {number} eats krill every day.")
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles):
        anna = api.person("Anna")
        seen: list[str] = []
        offset = ""
        pages = 0
        while pages == 0 or offset:
            found = await anna.asks_inline("Do blue whales eat krill?", offset)
            assert len(found.results) <= 10
            seen += [result["id"] for result in found.results]
            offset = found.next_offset
            pages += 1
        assert pages > 1
        assert len(seen) == len(set(seen)) > 10
        assert (await anna.asks_inline("Do blue whales eat krill?", "nonsense")).results[0]["id"] == seen[0]


@pytest.mark.parametrize("words", ["", "   ", "hello"])
async def test_inline_query_without_a_question_offers_examples(tmp_path: Path, words: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code="fr")
        offered = await anna.asks_inline(words)
        assert offered.titles == list(EXAMPLES["en"])
        assert offered.results[0]["message"]["text"] != SIGNED
        assert offered.button is not None
        assert offered.button["text"] == CATALOGUES["fr"].say("inline.ask")
        opened = await anna.private_chat.reply_to(anna.starts(offered.button["start_parameter"]))
        assert opened.text.startswith("Bonjour")


@pytest.mark.parametrize("words", [NOWHERE, f"{NOWHERE} và bánh hành tây " * 6])
async def test_inline_question_that_is_not_answered_opens_the_bot_with_it(tmp_path: Path, words: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code="id")
        found = await anna.asks_inline(words)
        assert found.results == []
        assert found.button is not None
        assert found.button["text"] == CATALOGUES["id"].say("inline.not-found")
        posed = await anna.private_chat.reply_to(anna.starts(found.button["start_parameter"]))
        assert posed.text == CATALOGUES["id"].say("asked", question=" ".join(words.split()))
        assert (await anna.private_chat.reply_to(posed)).text


async def test_inline_question_is_forgotten_once_another_is_answered(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        unanswered = await anna.asks_inline(f"{NOWHERE} và bánh hành tây " * 6)
        invited = await anna.asks_inline("")
        assert unanswered.button is not None
        assert invited.button is not None
        for button in (invited.button, unanswered.button):
            start = await anna.private_chat.reply_to(anna.starts(button["start_parameter"]))
            assert start.text.endswith(phrases.say("example.offer"))


async def test_inline_card_leads_to_the_private_chat_with_its_question(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code="nb")
        found = await anna.asks_inline(SIGNED)
        sent = anna.chooses(found)
        more = sent.button(CATALOGUES["nb"].say("button.more"))
        address, _, payload = more["url"].partition("?start=")
        assert address == "https://t.me/test_answer_bot"
        assert decode_question(payload) == SIGNED


async def test_inline_card_sent_to_the_bot_itself_asks_nothing(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        anna.chooses(await anna.asks_inline(SIGNED))
        await api.polled()
        await bot.settle()
        await api.expect_silence(anna.private_chat, 0.1)


async def test_inline_query_that_waited_too_long_harms_nobody(tmp_path: Path) -> None:
    gate = Gate()
    async with BotApi() as api, running_bot(api, tmp_path, make_index=slow_index(gate)):
        anna = api.person("Anna")
        old = anna.asks_inline("slow whales")
        await gate.wait_until_reached()
        api.clock.advance(31)
        gate.opened.set()
        (refused,) = await api.called("answerInlineQuery")
        assert refused.error is not None
        assert old.answer is None
        assert (await anna.asks_inline(SIGNED)).results
