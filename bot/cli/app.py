"""The commands of ``python -m bot``.

Exit status: 0 ok, 1 the thing asked for failed (with the reason on standard error), 2 wrong
usage.
"""

import logging
import sys
from collections import Counter
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.chat.wire.bot_api import ChatError
from bot.cli import admin_commands
from bot.cli.assembly.terminal import open_conversation, open_session
from bot.cli.command import (
    ERRORS,
    AsJson,
    begin,
    complain,
    fail,
    log_warnings,
    parse_tag,
    read_settings,
    try_settings,
    warn,
)
from bot.cli.evaluation_report import (
    describe_figures,
    print_ablation,
    print_conversations,
    print_failures,
    print_figures,
)
from bot.cli.index_loading import IndexLoader
from bot.cli.keyboard import make_whole
from bot.cli.monitoring import MonitoringError
from bot.cli.printing import (
    count_shown,
    describe_answer,
    make_printable,
    open_console,
    print_answer,
    print_plain,
)
from bot.cli.progress import show_progress
from bot.cli.sandbox import SandboxError, Wishes, load_sandbox_settings, run_sandbox
from bot.cli.service import run_service
from bot.cli.settings_loading import SettingsError
from bot.corpus.articles import CorpusError, find_strangers, load_corpus
from bot.corpus.importing import ImportedArticle, RawTextError, import_article
from bot.evaluation.ablation import leave_out_parts
from bot.evaluation.conversations import measure_conversations
from bot.evaluation.measurement import ask_all, find_failures, measure
from bot.evaluation.questions import EvaluationError, read_questions
from bot.journal.migrations import NewerSchemaError
from bot.language import LanguageDetector
from bot.model import Corpus, Origin
from bot.sandbox.shots import BrowserMissingError
from bot.sandbox.tab.web import is_loopback
from bot.search.models import UnknownEncoderError
from bot.wording.examples import ExamplesError, load_examples
from bot.wording.phrases import load_phrases

app = typer.Typer(
    help="Answers questions with sentences quoted from a folder of articles.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(admin_commands.app)
_LOG = logging.getLogger(__name__)
_DISTRIBUTION = "telegram-qa-bot"


_Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="TAG",
        parser=parse_tag,
        help="The language of the questions, such as en or nb; else each one's is detected.",
    ),
]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        print_plain(open_console(), f"{_DISTRIBUTION} {version(_DISTRIBUTION)}")
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit."),
]


@app.callback(invoke_without_command=True)
def run(context: typer.Context, *, language: _Language = None, _version: _Version = False) -> None:
    """Run the bot: on Telegram where a token is set, else as a conversation in the terminal."""
    if context.invoked_subcommand is not None:
        if language is not None:
            message = "--language stands behind ask, or alone for the conversation in the terminal"
            raise typer.BadParameter(message)
        return
    settings, warnings = try_settings()
    token = settings.token
    if token is not None and language is not None:
        message = "--language is for the conversation in the terminal; on Telegram, which BOT_TOKEN starts, "
        raise typer.BadParameter(message + "each reader chooses with /language")
    if token is None:
        warn(warnings)
    if token is None and not sys.stdin.isatty():
        fail(
            "BOT_TOKEN is missing: set it to the token that @BotFather gave, or try the bot in a terminal;"
            " for questions from a pipe there is ask --file -"
        )
    try:
        if token is not None:
            run_service(settings, token.get_secret_value(), ERRORS, warnings)
            return
        log_warnings(settings)
        with open_conversation(settings, open_console(), ERRORS, language) as conversation:
            conversation.run()
    except (
        ChatError,
        CorpusError,
        ExamplesError,
        MonitoringError,
        NewerSchemaError,
        UnknownEncoderError,
    ) as error:
        if token is not None and settings.log_format == "json":
            # A log collector expects JSON lines only.
            _LOG.critical("%s", error)
            raise typer.Exit(1) from None
        fail(str(error))


@app.command()
def ask(
    words: Annotated[list[str] | None, typer.Argument(help="The question.", show_default=False)] = None,
    *,
    as_json: AsJson = False,
    file: Annotated[
        Path | None,
        typer.Option(allow_dash=True, dir_okay=False, help="One question a line; - is standard input."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=100, help="Show at most so many passages.")] = None,
    language: _Language = None,
) -> None:
    """Answer one question, or a file of them, and exit."""
    if bool(words) == (file is not None):
        message = "give either the words of a question or --file"
        raise typer.BadParameter(message)
    questions = _read_questions(file) if file else [make_whole(" ".join(words or ())).strip()]
    if not any(questions):
        fail("the question is missing; type its words after ask")
    settings = begin()
    console = open_console()
    phrases = load_phrases()["en"]
    try:
        examples = load_examples(settings.examples)
        with open_session(settings, ERRORS, language) as session:
            for text in questions:
                exchange = session.ask(text, limit or settings.passages, Origin.ASK)
                answer = exchange.answer
                if as_json:
                    sys.stdout.write(f"{describe_answer(answer)}\n")
                    sys.stdout.flush()
                else:
                    print_plain(console, text, style="bold")
                    end = limit or count_shown(answer)
                    print_answer(console, answer, phrases, examples.choose("en"), end)
                session.record(exchange)
    except (CorpusError, ExamplesError, NewerSchemaError, UnknownEncoderError) as error:
        fail(str(error))


@app.command()
def check() -> None:
    """Check the settings, every article and the example questions, and list what is there."""
    settings = read_settings()
    try:
        corpus = load_corpus(settings.corpus, settings.max_article_bytes, settings.max_corpus_bytes)
        load_examples(settings.examples)
    except (CorpusError, ExamplesError) as error:
        fail(str(error))
    _print_corpus(corpus)
    for path in find_strangers(settings.corpus):
        warn([f"{path}: is not read, because its name does not end in .md"])


@app.command()
def sandbox(
    *,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the page in a browser.")] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Keep the database for the next time: sandbox.sqlite, beside the bot's own."
        ),
    ] = False,
    host: Annotated[str, typer.Option(help="Address of this machine alone to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the page; 0 is any.")] = 0,
    shots: Annotated[
        Path | None, typer.Option(file_okay=False, help="Take the README's pictures into a folder, and exit.")
    ] = None,
) -> None:
    """Try the bot in a browser, without a token and without Telegram."""
    if not is_loopback(host):
        message = f"{host} is not this machine alone: whoever reaches the sandbox acts as anybody in it"
        raise typer.BadParameter(message, param_hint="--host")
    try:
        settings, warnings = load_sandbox_settings()
    except SettingsError as error:
        fail(*error.mistakes)
    warn(warnings)
    wishes = Wishes(host=host, port=port, opens=not no_open, keeps=keep, shots=shots)
    try:
        run_sandbox(settings, wishes, open_console(), ERRORS)
    except (
        BrowserMissingError,
        ChatError,
        CorpusError,
        ExamplesError,
        NewerSchemaError,
        SandboxError,
        UnknownEncoderError,
    ) as error:
        fail(str(error))


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="A TOML file of questions whose answers are known.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    failures: Annotated[bool, typer.Option("--failures", help="Show what went wrong.")] = False,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Measure the ranking with each of its parts left out once.")
    ] = False,
) -> None:
    """Measure the search on a file of questions."""
    settings = begin()
    try:
        questions = read_questions(file)
        loader = IndexLoader(settings)
        with show_progress(ERRORS) as progress:
            index = loader.load(progress)
        if ablation:
            print_ablation(open_console(), leave_out_parts(questions, loader.load))
            return
        results = ask_all(questions, index)
        conversations = measure_conversations(questions, index)
    except (CorpusError, EvaluationError, UnknownEncoderError) as error:
        fail(str(error))
    console = open_console()
    if as_json:
        sys.stdout.write(f"{describe_figures(measure(results), conversations)}\n")
    else:
        print_figures(console, measure(results))
        if conversations is not None:
            print_conversations(console, conversations)
    if failures:
        print_failures(console, find_failures(results))


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Raw texts of articles.")],
    *,
    outlet: Annotated[
        str | None, typer.Option(help="Who published it; else the source's host is shown.")
    ] = None,
    published: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When; else the date in the source's URL.")
    ] = None,
    original: Annotated[
        str | None,
        typer.Option(parser=parse_tag, metavar="TAG", help="The language it was translated from."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(file_okay=False, help="The folder to write to; else BOT_CORPUS.")
    ] = None,
) -> None:
    """Turn raw article texts into article files."""
    settings = read_settings()
    folder = to or settings.corpus
    # An article is most likely in a language that its readers are talked to in.
    detector = LanguageDetector(load_phrases())
    day = published.date() if published else None
    has_failed = False
    for path in files:
        try:
            raw = path.read_text("utf-8")
            _write_article(import_article(raw, detector.detect, outlet, day, original), folder)
        except (RawTextError, OSError, UnicodeDecodeError) as error:
            has_failed = True
            complain(f"{path}: {_explain(error)}")
    if has_failed:
        raise typer.Exit(1)


def _write_article(article: ImportedArticle, folder: Path) -> None:
    target = folder / f"{article.name}.md"
    folder.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(article.content)
    found = f"language {article.language}" + (f", published {article.published}" if article.published else "")
    print_plain(open_console(), f"{target}: {found}")
    for key in article.missing:
        warn([f"{target}: {key} was not found; add it to the front matter or leave it out"])


def _explain(error: Exception) -> str:
    if isinstance(error, FileExistsError):
        return (
            f"{error.filename} exists already and stays as it is; move it or choose another folder with --to"
        )
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text; save the file as UTF-8"
    return str(error)


def _read_questions(file: Path) -> list[str]:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        fail(f"{file}: is not UTF-8 text; save the file as UTF-8")
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")
    return [line.strip() for line in lines if line.strip()]


def _print_corpus(corpus: Corpus) -> None:
    table = Table("article", "language", "outlet", "published", "passages", box=None, pad_edge=False)
    counts = Counter(passage.article.id for passage in corpus.passages)
    for article in corpus.articles:
        published = article.published.isoformat() if article.published else "-"
        cells = (article.id, article.language, article.outlet, published, str(counts[article.id]))
        # As Text, because names of articles are not markup.
        table.add_row(*(Text(make_printable(cell)) for cell in cells))
    console = open_console()
    console.print(table)
    print_plain(
        console,
        f"{len(corpus.articles)} articles, {len(corpus.passages)} passages, corpus version {corpus.version}",
    )
