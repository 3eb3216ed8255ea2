"""The bot with its ranking taken out: every question gets the same answer.

    BOT_TOKEN=… BOT_API_URL=… python -m tests.benchmarks.constant_bot [--without-inbox]

Without the inbox, updates are handled from memory alone, which shows what keeping them costs.
Everything else is the bot's own, the detection of the language too. What it does for a question is
what a message costs apart from the search; no encoder is loaded.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from rich.console import Console

from bot.answering import Desk
from bot.cli.service import run_service
from bot.cli.settings_loading import load_settings
from bot.corpus.articles import load_corpus
from bot.journal.inbox import Entry, Inbox, Owed
from bot.language import LanguageDetector
from bot.model import Corpus, Findings, Hit, Question
from bot.settings import Settings
from bot.wording.small_talk import load_small_talk
from tests.chat_bot import PlainIndex

_HITS = 30
_LEAST_WORDS = 12
_HIGHLIGHTED_WORDS = 8


class ConstantIndex(PlainIndex):
    """Finds the same passages for every question, laid out like those of a real answer."""

    def __init__(self, corpus: Corpus) -> None:
        """Choose the passages: long ones of all articles in turn, each agreed with by the next."""
        self.corpus = corpus
        long = [passage for passage in corpus.passages if len(passage.text.split()) >= _LEAST_WORDS]
        # A step that is prime to most numbers leads through all articles.
        chosen = [long[number * 7 % len(long)] for number in range(_HITS + 1)]
        hits = tuple(
            Hit(passage, 1.0 - number / 100, " ".join(passage.text.split(" ")[:_HIGHLIGHTED_WORDS]), (also,))
            for number, (passage, also) in enumerate(pairwise(chosen))
        )
        self._findings = Findings(hits, confidence=0.9, is_answer=True)

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Keep their order."""
        del question
        return list(others)

    def search(self, question: Question, limit: int) -> Findings:
        """Return the first of the findings, whatever is asked."""
        del question
        return replace(self._findings, hits=self._findings.hits[:limit])


def open_desk(settings: Settings, console: Console) -> Desk:
    """Open a desk that answers every question alike."""
    del console
    corpus = load_corpus(settings.corpus, settings.max_article_bytes)
    index = ConstantIndex(corpus)
    return Desk(index, lambda _: index, load_small_talk(), LanguageDetector)


class ForgetfulInbox(Inbox):
    """Keeps nothing: whatever comes is new, and what is done leaves no trace."""

    async def list_owed(self) -> list[Owed]:
        """Return nothing."""
        return []

    async def receive(self, entries: Sequence[Entry]) -> list[Entry]:
        """Take everything for new."""
        self._held.update({entry.update_id: entry for entry in entries})
        return list(entries)

    async def read(self, update_id: int, *, is_repeated: bool) -> tuple[Entry, int]:
        """Return what was received."""
        del is_repeated
        return self._held[update_id], 0

    def finish(self, update_id: int) -> None:
        """Forget it."""
        del self._held[update_id]


def main() -> None:
    """Be on Telegram until a signal ends it."""
    inbox = ForgetfulInbox if "--without-inbox" in sys.argv[1:] else Inbox
    settings, _ = load_settings()
    if settings.token is None:
        sys.exit("BOT_TOKEN is missing")
    token = settings.token.get_secret_value()
    run_service(settings, token, Console(stderr=True), (), open_desk=open_desk, make_inbox=inbox)


if __name__ == "__main__":
    main()
