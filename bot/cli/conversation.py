"""The conversation in the terminal: the same answers and the same database as on Telegram.

The answer stands last, nearest the prompt; what else was found waits for /more. It waits for the
keyboard in the main thread, and the event loop runs only while something is written, so that Ctrl-C
gives up at once what is being typed or done, as in a shell; Ctrl-D leaves.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches

from babel.lists import format_list
from rich.console import Console

from bot.chat.handlers.allowance import QUESTION_CHARACTERS, Allowance, Verdict
from bot.chat.handlers.follow_ups import REMEMBERED
from bot.cli.keyboard import Keyboard
from bot.cli.printing import describe_source, print_answer, print_context, print_passages, print_plain
from bot.cli.session import Session
from bot.journal.database import DatabaseUnavailableError
from bot.language import name_language, parse_language
from bot.model import Earlier, Exchange, Hit, Origin, SmallTalk
from bot.wording.examples import Examples
from bot.wording.phrases import Phrases

_LEAVING = {"/quit", "/exit", "quit", "exit"}
_HELP = "/help"
_CONFIRMED = "yes"
_FIRST_LANGUAGE = "en"
# As many as two pages on Telegram.
_PAGES = 2
# The one person at the keyboard, among those whose questions are counted.
_PERSON = 0


class Conversation:
    """The last question, how much of its answer is shown, and the language in which the bot talks."""

    def __init__(  # noqa: PLR0913 - each is something of its own
        self,
        session: Session,
        keyboard: Keyboard,
        console: Console,
        *,
        catalogues: Mapping[str, Phrases],
        examples: Examples,
        allowance: Allowance,
        limit: int,
    ) -> None:
        """Show one passage at first, and at most ``limit`` more at a time."""
        self._session = session
        self._keyboard = keyboard
        self._console = console
        self._catalogues = catalogues
        self._phrases = catalogues[_FIRST_LANGUAGE]
        self._examples = examples
        self._allowance = allowance
        self._limit = limit
        self._exchange: Exchange | None = None
        self._shown = 0
        self._commands: dict[str, Callable[[str], None]] = {
            _HELP: self._help,
            "/start": self._help,
            "/ask": self._ask,
            "/more": self._show_more,
            "/context": self._show_context,
            "/sources": self._list_sources,
            "/language": self._choose_language,
            "/reload": self._reload,
            "/forget": self._forget,
        }

    def run(self) -> None:
        """Answer questions from the keyboard until the person leaves."""
        self._say("terminal.welcome", count=len(self._session.corpus.articles))
        while (text := self._read_line()) is not None and text.casefold() not in _LEAVING:
            try:
                self._take(text)
            except KeyboardInterrupt:
                self._console.print()

    def _read_line(self) -> str | None:
        """Return the line that was typed, nothing if it was given up, or None at the end of the input."""
        try:
            return self._keyboard.read_line().strip()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    def _take(self, text: str) -> None:
        """Answer a question, or do what a command says."""
        if text.casefold() == _HELP.removeprefix("/"):
            text = _HELP
        if not text.startswith("/"):
            self._ask(text)
            return
        command, _space, argument = text.partition(" ")
        known = self._commands.get(command.casefold())
        if known is not None:
            known(argument.strip())
        elif nearest := get_close_matches(command.casefold(), [*self._commands, *_LEAVING], 1):
            self._say("terminal.unknown-command", command=command, nearest=nearest[0])
        else:
            self._say("unknown-command")

    def _ask(self, text: str) -> None:
        if not text:
            return
        if len(text) > QUESTION_CHARACTERS:
            self._say("question.too-long", limit=QUESTION_CHARACTERS)
            return
        if self._allowance.judge(_PERSON, datetime.now(UTC)) is not Verdict.ANSWERED:
            self._say("question.too-many", count=self._allowance.questions_per_minute)
            return
        exchange = self._session.ask(text, _PAGES * self._limit, Origin.TERMINAL, self._find_earlier())
        if exchange.answer.small_talk is SmallTalk.TELL_ME_MORE and self._has_more():
            self._show_more("")
            return
        self._exchange, self._shown = exchange, exchange.answer.leads
        examples = self._examples.choose(self._phrases.language)
        print_answer(self._console, exchange.answer, self._phrases, examples, self._shown)
        self._offer_commands()
        self._session.record(exchange)

    def _find_earlier(self) -> Earlier | None:
        """Return what came just before, for a question that leans on it."""
        before = self._exchange
        return before.answer.recall() if before and _is_recent(before) else None

    def _find_hits(self) -> tuple[Hit, ...]:
        """Return the passages that answer the last question; a refusal has none to show."""
        if self._exchange is None or not self._exchange.answer.is_answered:
            return ()
        return self._exchange.answer.hits

    def _has_more(self) -> bool:
        return len(self._find_hits()) > self._shown

    def _offer_commands(self) -> None:
        if self._find_hits():
            commands = "/more · /context" if self._has_more() else "/context"
            print_plain(self._console, commands, style="dim")

    def _show_more(self, _argument: str) -> None:
        if self._exchange is None or not self._has_more():
            self._say("terminal.nothing-more")
            return
        end = self._shown + self._limit
        print_passages(self._console, self._exchange.answer, self._phrases, self._shown, end)
        self._shown = end
        self._offer_commands()

    def _show_context(self, argument: str) -> None:
        hits = self._find_hits()
        if self._exchange is None or not hits:
            self._say("terminal.nothing-more")
            return
        number = int(argument or 1) if argument.isdecimal() or not argument else 0
        if not 1 <= number <= len(hits):
            self._say("terminal.no-passage", count=len(hits))
            return
        print_context(self._console, self._exchange.answer, number - 1, self._phrases)

    def _list_sources(self, _argument: str) -> None:
        for article in self._session.corpus.articles:
            if article.title is not None:
                print_plain(self._console, article.title, style="bold")
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

    def _reload(self, _argument: str) -> None:
        self._say("reload.begun")
        print_plain(self._console, self._session.reload(self._phrases))

    def _forget(self, argument: str) -> None:
        if argument != _CONFIRMED:
            self._say("terminal.forget")
            return
        try:
            count = self._session.forget()
            self._keyboard.forget()
        except (DatabaseUnavailableError, OSError):
            self._say("personal.unavailable")
            return
        self._exchange = None
        self._say("terminal.forgotten", count=count)

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
