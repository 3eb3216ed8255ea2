"""The conversation in the terminal: the same answers and the same log as on Telegram.

It waits for the keyboard in the main thread, so that Ctrl-C ends it at once; the event loop runs
only while an exchange is logged.
"""

from rich.console import Console

from bot.cli.composition import Session
from bot.cli.printing import describe_source, print_answer, print_plain
from bot.model import Origin
from bot.wording.phrases import Phrases

_LEAVING = {"/quit", "/exit"}


def converse(session: Session, console: Console, phrases: Phrases, limit: int) -> None:
    """Answer questions from the keyboard until the person leaves."""
    print_plain(console, phrases.say("terminal.welcome", count=len(session.answerer.corpus.articles)))
    while (text := _read_line(console)) is not None:
        if text in _LEAVING:
            return
        if text == "/sources":
            for article in session.answerer.corpus.articles:
                print_plain(console, f"{describe_source(article, phrases)}\n  {article.source}")
        elif text.startswith("/"):
            print_plain(console, phrases.say("terminal.help"))
        elif text:
            exchange = session.ask(text, limit, Origin.TERMINAL)
            print_answer(console, exchange.answer, phrases)
            session.record(exchange)


def _read_line(console: Console) -> str | None:
    """Return what was typed, or None where the person or the input has ended."""
    try:
        return console.input("[bold]> [/bold]").strip()
    except (EOFError, KeyboardInterrupt):
        console.print()
        return None
