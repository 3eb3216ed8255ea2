"""No message of the bot is ever refused for its form, whatever is asked and whatever articles say.

A hundred generated conversations; ``GENERATED_QUESTIONS=2000 pytest tests/test_chat_forms.py`` is
the long run (some minutes). Articles are made up per question, more hostile than a file could be.
"""

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.model import Article, Corpus, Findings, Hit, Passage, Question
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Chat, Message
from tests.chat_bot import CATALOGUES, PlainIndex, running_bot
from tests.harbour import HARBOUR

QUESTIONS = int(os.environ.get("GENERATED_QUESTIONS", "100"))
LANGUAGES = ("en", "nb", "fr", "id", "de", "vi", "xx", None)
PIECES = (
    *(
        "<b>",
        "</b>",
        "<",
        ">",
        "&",
        "&amp;",
        "&#0;",
        '"',
        "'",
        "</blockquote>",
        "<a href='x'>",
        "{text}",
        "%s",
    ),
    *("😀", "👨‍👩‍👧", "e\u0301", "字", "ế", "ي", "\u202e", "\u2066", "\u200d", "\u2028", "\0", "\t", "\n"),
    *(
        "@name",
        "#tag",
        "/ask",
        "https://a.org/x?y=1&z",
        "a.com",
        "x@a.org",
        "word",
        "72",
        " ",
        " ",
        "…",
        "x" * 300,
    ),
)
URLS = (
    "https://example.org/a?b=1&c=<2>\"'",
    "http://intranet/a",
    "https://x.org/" + "ø" * 900,
    "https://[::1]/",
)


def make_text(dice: random.Random, most: int) -> str:
    return "".join(dice.choices(PIECES, k=dice.choice((1, 2, 5, 20, most))))


def make_passage(dice: random.Random) -> Passage:
    article = Article(
        id=make_text(dice, 9),
        language=dice.choice(("en", "nb", "vi", "zh", "qaa")),
        source=dice.choice(URLS),
        outlet=make_text(dice, 60),
        published=dice.choice((None, date(2025, 10, 26), date(1, 1, 1))),
        title=None,
        paragraphs=(),
        digest="",
    )
    around = make_text(dice, 300), make_text(dice, 300)
    return Passage(article, make_text(dice, 400), 0, 0, *dice.choice((around, ("", ""))))


@dataclass(frozen=True)
class HostileIndex(PlainIndex):
    """Finds something hostile for every question, the same for the same question."""

    corpus: Corpus

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Keep their order."""
        del question
        return list(others)

    def search(self, question: Question, limit: int) -> Findings:
        """Make hits up."""
        dice = random.Random(question.text)  # noqa: S311 - no secret
        hits = []
        for _ in range(dice.choice((0, 1, 6, limit))):
            passage = make_passage(dice)
            start, end = sorted(dice.choices(range(len(passage.text) + 1), k=2))
            others = tuple(make_passage(dice) for _ in range(dice.choice((0, 0, 2, 9))))
            hits.append(Hit(passage, 1.0, dice.choice((None, passage.text[start:end])), others))
        return Findings(tuple(hits), 0.5, is_answer=bool(hits) and dice.random() < 0.7)


async def test_no_message_is_refused_for_its_form(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HostileIndex):
        people = [api.person(f"P{number}", language_code=tag) for number, tag in enumerate(LANGUAGES)]
        group = api.supergroup(forum=True, members=people)
        share = -(-QUESTIONS // len(people))
        answers = await asyncio.gather(*(talk(person, group, share) for person in people))
        refused = [str(call) for call in api.calls if call.error and "not modified" not in call.error]
    assert refused == []
    apologies = {phrases.say(key) for phrases in CATALOGUES.values() for key in ("apology", "press.failed")}
    assert not apologies & {text for texts in answers for text in texts}
    assert sum(map(len, answers)) > QUESTIONS


async def talk(person: Person, group: Chat, questions: int) -> list[str]:
    """Ask, edit and press; return everything that the bot said."""
    dice = random.Random(person.id)  # noqa: S311 - no secret
    said = []
    for _ in range(questions):
        words = f"{make_text(dice, 200).strip('/ ')} {dice.random()}"
        asked = person.says(words) if dice.random() < 0.7 else person.says(f"/ask {words}", chat=group)
        answer = await asked.chat.reply_to(asked, timeout=30)
        said.append(answer.text)
        for _ in range(dice.choice((0, 2, 4))):
            said += await press_something(dice, person, answer)
        if dice.random() < 0.1:
            # An own commands' edit is answered in place, or anew where it was too long before.
            person.edits(asked, f"/ask {make_text(dice, 20).strip('/ ')} {dice.random()}")
    return said


async def press_something(dice: random.Random, person: Person, answer: Message) -> list[str]:
    """Press one of the buttons that change the message, and return what it then says."""
    buttons = [
        one for one in answer.buttons if one.get("callback_data", "").startswith(("more", "con", "vote"))
    ]
    if not buttons:
        return []
    note = await person.calls_back(answer, dice.choice(buttons)["callback_data"]).answered(30)
    return [note.text, answer.text]
