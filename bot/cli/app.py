"""The commands of ``python -m bot``.

Exit status: 0 ok, 1 the thing asked for failed (with the reason on standard error), 2 wrong
usage.
"""

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.table import Table
from rich.text import Text

from bot.chat.cards.statistics_card import describe_statistics
from bot.chat.handlers.trail import describe_entry
from bot.chat.wire.bot_api import ChatError
from bot.cli.admin_desk import (
    DeskError,
    change_role,
    describe_act,
    describe_member,
    describe_statistics_as_json,
    export,
    find_statistics,
    list_acts,
    list_members,
    write_new_file,
)
from bot.cli.assembly import UnknownPinError, list_pins, open_conversation, open_session
from bot.cli.desk import ArticleDeskError, add_article, list_articles, list_versions, print_rows, roll_back
from bot.cli.evaluation_report import (
    describe_figures,
    print_ablation,
    print_conversations,
    print_failures,
    print_figures,
)
from bot.cli.gaps_report import describe_gaps, describe_pins, print_gaps, print_pins
from bot.cli.index_loading import IndexLoader
from bot.cli.keyboard import make_whole
from bot.cli.logs import read_no_update, start_logging
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
from bot.corpus.articles import CorpusError, find_strangers, load_corpus
from bot.corpus.drafts import FieldError
from bot.corpus.extraction import ExtractionError
from bot.corpus.importing import ImportedArticle, RawTextError, import_article
from bot.corpus.store import StoreError
from bot.evaluation.ablation import leave_out_parts
from bot.evaluation.conversations import measure_conversations
from bot.evaluation.measurement import ask_all, find_failures, measure
from bot.evaluation.questions import EvaluationError, read_questions
from bot.fetching import FetchError
from bot.journal.backup import BackupError, back_up
from bot.journal.database import DatabaseUnavailableError
from bot.journal.export import ExportError, Form
from bot.journal.migrations import NewerSchemaError
from bot.journal.statistics import Period, StatisticsError
from bot.language import LanguageDetector, parse_language
from bot.model import Corpus, Origin, Role
from bot.sandbox.shots import BrowserMissingError
from bot.sandbox.tab.web import is_loopback
from bot.search.models import UnknownEncoderError
from bot.settings import Settings, SettingsError, load_settings
from bot.wording.examples import ExamplesError, load_examples
from bot.wording.phrases import load_phrases

app = typer.Typer(
    help="Answers questions with sentences quoted from a folder of articles.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
_LOG = logging.getLogger(__name__)
_DISTRIBUTION = "telegram-qa-bot"
_ERRORS = open_console(stderr=True)


def _parse_tag(tag: str) -> str:
    try:
        return parse_language(tag)
    except ValueError as error:
        message = f"{tag!r} {error}"
        raise typer.BadParameter(message) from error


_Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="TAG",
        parser=_parse_tag,
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
    settings, warnings = _load_settings()
    token = settings.token
    if token is not None and language is not None:
        message = "--language is for the conversation in the terminal; on Telegram, which BOT_TOKEN starts, "
        raise typer.BadParameter(message + "each reader chooses with /language")
    if token is None:
        _warn_all(warnings)
    if token is None and not sys.stdin.isatty():
        _fail(
            "BOT_TOKEN is missing: set it to the token that @BotFather gave, or try the bot in a terminal;"
            " for questions from a pipe there is ask --file -"
        )
    try:
        if token is not None:
            run_service(settings, token.get_secret_value(), _ERRORS, warnings)
            return
        _log_warnings(settings)
        with open_conversation(settings, open_console(), _ERRORS, language) as conversation:
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
        _fail(str(error))


@app.command()
def ask(
    words: Annotated[list[str] | None, typer.Argument(help="The question.", show_default=False)] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
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
        _fail("the question is missing; type its words after ask")
    settings = _read_settings()
    _log_warnings(settings)
    console = open_console()
    phrases = load_phrases()["en"]
    try:
        examples = load_examples(settings.examples)
        with open_session(settings, _ERRORS, language) as session:
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
        _fail(str(error))


@app.command()
def check() -> None:
    """Check the settings, every article and the example questions, and list what is there."""
    settings = _read_settings()
    try:
        corpus = load_corpus(settings.corpus, settings.max_article_bytes, settings.max_corpus_bytes)
        load_examples(settings.examples)
    except (CorpusError, ExamplesError) as error:
        _fail(str(error))
    _print_corpus(corpus)
    for path in find_strangers(settings.corpus):
        _warn(f"{path}: is not read, because its name does not end in .md")


_Period = Annotated[Period, typer.Option("--period", help="How far back, in whole days in UTC.")]


@app.command()
def stats(
    *,
    period: _Period = Period.WEEK,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how the bot does."""
    settings = _read_settings()
    _log_warnings(settings)
    with _failing():
        statistics = find_statistics(settings.database, period)
    if as_json:
        sys.stdout.write(f"{describe_statistics_as_json(statistics)}\n")
    else:
        print_plain(open_console(), describe_statistics(statistics, load_phrases()["en"]))


@app.command(name="export")
def export_(
    *,
    period: _Period = Period.ALL,
    form: Annotated[Form, typer.Option(help="For spreadsheets, or for programs.")] = Form.CSV,
    ids: Annotated[
        bool, typer.Option("--ids", help="Leave the ids of people as they are, in place of pseudonyms.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file to write; else standard output.")
    ] = None,
) -> None:
    """Write the log of exchanges as CSV or JSON lines."""
    settings = _read_settings()
    _log_warnings(settings)
    with _failing():
        lines = export(settings.database, period, form, with_ids=ids)
        if to is not None:
            write_new_file(to, lines)
        else:
            for line in lines:
                sys.stdout.buffer.write(line.encode("utf-8", "replace"))


class _Grant(StrEnum):
    EDITOR = Role.EDITOR.value
    VIEWER = Role.VIEWER.value
    NONE = "none"


@app.command()
def allow(
    user_id: Annotated[
        int | None, typer.Argument(min=1, help="User id of the person.", show_default=False)
    ] = None,
    role: Annotated[
        _Grant | None, typer.Argument(help="Their role; none takes it back.", show_default=False)
    ] = None,
    *,
    name: Annotated[str, typer.Option(help="Their name, for the lists.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Let somebody in as editor or viewer, take that back, or list those who are in."""
    if user_id is not None and role is None:
        message = "give the role too: editor, viewer or none"
        raise typer.BadParameter(message)
    settings = _read_settings()
    _log_warnings(settings)
    with _failing():
        if user_id is not None and role is not None:
            granted = None if role is _Grant.NONE else Role(role.value)
            change_role(settings.database, user_id, make_whole(name).strip() or str(user_id), granted)
        members = list_members(settings.database)
    for member in members:
        if as_json:
            sys.stdout.write(f"{describe_member(member)}\n")
        else:
            print_plain(open_console(), f"{member.user_id} {member.role.value} {member.name}")


@app.command()
def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many acts, the latest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show who did what to the bot."""
    settings = _read_settings()
    _log_warnings(settings)
    with _failing():
        entries = list_acts(settings.database, limit)
    phrases = load_phrases()["en"]
    for entry in entries.shown:
        if as_json:
            sys.stdout.write(f"{describe_act(entry)}\n")
        else:
            print_plain(open_console(), describe_entry(entry, phrases))


@contextmanager
def _failing() -> Iterator[None]:
    """End with the reason where the database cannot be used."""
    try:
        yield
    except (DeskError, ExportError, NewerSchemaError, StatisticsError) as error:
        _fail(str(error))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; nothing may be there yet.")],
) -> None:
    """Copy the database while the bot runs."""
    settings = _read_settings()
    try:
        done = back_up(settings.database, file)
    except BackupError as error:
        _fail(str(error))
    print_plain(
        open_console(), f"{file}: {done.exchanges} exchanges and {done.votes} votes, {done.size_bytes} bytes"
    )


_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@app.command()
def articles(*, as_json: _Json = False) -> None:
    """List the articles, with how often each was quoted."""
    settings = _read_settings()
    try:
        rows = list_articles(settings)
    except (CorpusError, NewerSchemaError, DatabaseUnavailableError) as error:
        _fail(str(error))
    print_rows(open_console(), rows, as_json=as_json)


@app.command()
def add(  # noqa: PLR0913 - an article has that many keys
    what: Annotated[str, typer.Argument(metavar="FILE|ADDRESS", help="A .md, .txt, .html or .pdf file.")],
    *,
    title: Annotated[str | None, typer.Option(help="Its title, else what is found.")] = None,
    outlet: Annotated[str | None, typer.Option(help="Who published it.")] = None,
    published: Annotated[str | None, typer.Option(help="When, such as 2026-11-24.")] = None,
    language: Annotated[str | None, typer.Option(help="Its language, such as en or nb.")] = None,
    source: Annotated[str | None, typer.Option(help="Its address.")] = None,
    as_json: _Json = False,
) -> None:
    """Add the article in a file or at an address."""
    settings = _read_settings()
    keys = {"title": title, "outlet": outlet, "published": published, "language": language, "source": source}
    changes = {key: value for key, value in keys.items() if value is not None}
    try:
        row = add_article(settings, what, changes)
    except FieldError as error:
        message = f"cannot be read: {changes[error.field]!r}"
        raise typer.BadParameter(message, param_hint=f"--{error.field}") from None
    except (FetchError, ExtractionError) as error:
        _fail(f"{what}: {error}")
    except (ArticleDeskError, CorpusError, NewerSchemaError, StoreError) as error:
        _fail(str(error))
    print_rows(open_console(), [row], as_json=as_json)


@app.command()
def versions(*, as_json: _Json = False) -> None:
    """List the versions of the articles, the newest first."""
    print_rows(open_console(), list_versions(_read_settings()), as_json=as_json)


@app.command()
def rollback(
    version: Annotated[str, typer.Argument(metavar="ID", help="A version, as the list names it.")],
    *,
    as_json: _Json = False,
) -> None:
    """Put a version's articles back, and keep what it replaces."""
    settings = _read_settings()
    try:
        row = roll_back(settings, version)
    except (ArticleDeskError, CorpusError, NewerSchemaError, StoreError) as error:
        _fail(str(error))
    print_rows(open_console(), [row], as_json=as_json)


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
        _fail(*error.mistakes)
    _warn_all(warnings)
    wishes = Wishes(host=host, port=port, opens=not no_open, keeps=keep, shots=shots)
    try:
        run_sandbox(settings, wishes, open_console(), _ERRORS)
    except (
        BrowserMissingError,
        ChatError,
        CorpusError,
        ExamplesError,
        NewerSchemaError,
        SandboxError,
        UnknownEncoderError,
    ) as error:
        _fail(str(error))


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
    settings = _read_settings()
    _log_warnings(settings)
    try:
        questions = read_questions(file)
        loader = IndexLoader(settings)
        with show_progress(_ERRORS) as progress:
            index = loader.load(progress)
        if ablation:
            print_ablation(open_console(), leave_out_parts(questions, loader.load))
            return
        results = ask_all(questions, index)
        conversations = measure_conversations(questions, index)
    except (CorpusError, EvaluationError, UnknownEncoderError) as error:
        _fail(str(error))
    console = open_console()
    if as_json:
        sys.stdout.write(f"{describe_figures(measure(results), conversations)}\n")
    else:
        print_figures(console, measure(results))
        if conversations is not None:
            print_conversations(console, conversations)
    if failures:
        print_failures(console, find_failures(results))


@app.command()
def gaps(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False
) -> None:
    """List what the articles lack: questions that were refused or voted down, grouped by meaning."""
    settings = _read_settings()
    _log_warnings(settings)
    try:
        with open_session(settings, _ERRORS, None) as session:
            found = session.list_gaps()
    except (CorpusError, DatabaseUnavailableError, NewerSchemaError, UnknownEncoderError) as error:
        _fail(str(error) or f"{settings.database}: cannot be read now")
    if as_json:
        sys.stdout.write(describe_gaps(found))
    else:
        print_gaps(open_console(), found)


@app.command()
def pins(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    take_back: Annotated[
        str | None, typer.Option("--take-back", metavar="KEY", help="Take back the pin with this key.")
    ] = None,
) -> None:
    """List the passages that are pinned, or take one back; a running bot heeds that at its next reload."""
    settings = _read_settings()
    _log_warnings(settings)
    try:
        kept = asyncio.run(list_pins(settings, take_back))
    except (DatabaseUnavailableError, NewerSchemaError) as error:
        _fail(str(error) or f"{settings.database}: cannot be used now")
    except UnknownPinError as error:
        _fail(str(error))
    if as_json:
        sys.stdout.write(describe_pins(kept))
    else:
        print_pins(open_console(), kept)


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
        typer.Option(parser=_parse_tag, metavar="TAG", help="The language it was translated from."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(file_okay=False, help="The folder to write to; else BOT_CORPUS.")
    ] = None,
) -> None:
    """Turn raw article texts into article files."""
    settings = _read_settings()
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
            _complain(f"{path}: {_explain(error)}")
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
        _warn(f"{target}: {key} was not found; add it to the front matter or leave it out")


def _explain(error: Exception) -> str:
    if isinstance(error, FileExistsError):
        return (
            f"{error.filename} exists already and stays as it is; move it or choose another folder with --to"
        )
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text; save the file as UTF-8"
    return str(error)


def _read_settings() -> Settings:
    settings, warnings = _load_settings()
    _warn_all(warnings)
    return settings


def _load_settings() -> tuple[Settings, list[str]]:
    try:
        return load_settings()
    except SettingsError as error:
        _fail(*error.mistakes)


def _log_warnings(settings: Settings) -> None:
    start_logging("WARNING", "human", read_no_update, *settings.list_secrets())


def _read_questions(file: Path) -> list[str]:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        _fail(f"{file}: is not UTF-8 text; save the file as UTF-8")
    except OSError as error:
        _fail(f"{file}: cannot be read: {error.strerror}")
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


def _warn_all(warnings: Iterable[str]) -> None:
    for warning in warnings:
        _warn(warning)


def _warn(message: str) -> None:
    print_plain(_ERRORS, f"warning: {message}", style="yellow")


def _complain(message: str) -> None:
    print_plain(_ERRORS, message, style="red")


def _fail(*messages: str) -> NoReturn:
    for message in messages:
        _complain(message)
    raise typer.Exit(1)
