"""The conversation in the terminal: the same answers and the same database as on Telegram.

It waits for the keyboard in the main thread, so that Ctrl-C ends it at once; the event loop runs
only while an exchange is logged.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from babel.lists import format_list
from rich.console import Console

from bot.chat.handlers.follow_ups import REMEMBERED
from bot.cli.printing import describe_source, print_answer, print_context, print_plain
from bot.cli.session import Session
from bot.language import name_language, parse_language
from bot.model import AnswerKind, Exchange, Origin
from bot.wording.phrases import Phrases

_LEAVING = {"/quit", "/exit"}
_FIRST_LANGUAGE = "en"
# As many again as are shown at first.
_PAGES = 2


def converse(session: Session, console: Console, catalogues: Mapping[str, Phrases], limit: int) -> None:
    """Answer questions from the keyboard until the person leaves."""
    conversation = _Conversation(session, console, catalogues, limit)
    conversation.greet()
    while (text := _read_line(console)) is not None and text not in _LEAVING:
        conversation.take(text)


class _Conversation:
    """The last question, how much of its answer is shown, and the language in which the bot talks."""

    def __init__(
        self, session: Session, console: Console, catalogues: Mapping[str, Phrases], limit: int
    ) -> None:
        self._session = session
        self._console = console
        self._catalogues = catalogues
        self._phrases = catalogues[_FIRST_LANGUAGE]
        self._limit = limit
        self._exchange: Exchange | None = None
        self._first = 0
        self._commands: dict[str, Callable[[str], None]] = {
            "/more": self._show_more,
            "/context": self._show_context,
            "/sources": self._list_sources,
            "/language": self._choose_language,
        }

    def greet(self) -> None:
        """Say how to ask."""
        self._say("terminal.welcome", count=len(self._session.corpus.articles))

    def take(self, text: str) -> None:
        """Answer a question, or do what a command says."""
        if text.startswith("/"):
            command, _space, argument = text.partition(" ")
            self._commands.get(command, self._help)(argument.strip())
        elif text:
            self._ask(text)

    def _ask(self, text: str) -> None:
        exchange = self._session.ask(text, _PAGES * self._limit, Origin.TERMINAL, self._find_earlier())
        self._exchange, self._first = exchange, 0
        self._show_page(exchange)
        self._session.record(exchange)

    def _find_earlier(self) -> str | None:
        """Return the question just before, for one that leans on it."""
        before = self._exchange
        if before is None or before.answer.kind is AnswerKind.SMALL_TALK:
            return None
        return before.answer.question.text if _is_recent(before) else None

    def _show_page(self, exchange: Exchange) -> None:
        print_answer(self._console, exchange.answer, self._phrases, self._first, self._limit)
        left = len(exchange.answer.hits) - self._first - self._limit
        if exchange.answer.hits:
            print_plain(self._console, "/more · /context" if left > 0 else "/context", style="dim")

    def _show_more(self, _argument: str) -> None:
        exchange = self._exchange
        if exchange is None or self._first + self._limit >= len(exchange.answer.hits):
            self._say("terminal.nothing-more")
            return
        self._first += self._limit
        self._show_page(exchange)

    def _show_context(self, _argument: str) -> None:
        if self._exchange is None or not self._exchange.answer.hits:
            self._say("terminal.nothing-more")
            return
        print_context(self._console, self._exchange.answer, self._first, self._phrases)

    def _list_sources(self, _argument: str) -> None:
        for article in self._session.corpus.articles:
            print_plain(self._console, f"{describe_source(article, self._phrases)}\n  {article.source}")

    def _choose_language(self, argument: str) -> None:
        chosen = _parse(argument)
        if chosen is not None and chosen in self._catalogues:
            self._phrases = self._catalogues[chosen]
            self._say("terminal.language")
            return
        reader = self._phrases.language
        names = [f"{name_language(tag, reader)} ({tag})" for tag in self._catalogues]
        languages = format_list(names, locale=reader)
        self._say("terminal.languages", languages=languages, example=next(iter(self._catalogues)))

    def _help(self, _argument: str) -> None:
        self._say("terminal.help")

    def _say(self, key: str, **values: object) -> None:
        print_plain(self._console, self._phrases.say(key, **values))


def _is_recent(exchange: Exchange) -> bool:
    return datetime.now(UTC) - exchange.asked_at <= REMEMBERED


def _parse(tag: str) -> str | None:
    """Return the language of a tag such as "no" or "pt-BR", if it is one."""
    try:
        return parse_language(tag)
    except ValueError:
        return None


def _read_line(console: Console) -> str | None:
    """Return the line that was typed, or None at the end of the input."""
    try:
        return console.input("[bold]> [/bold]").strip()
    except (EOFError, KeyboardInterrupt):
        console.print()
        return None
