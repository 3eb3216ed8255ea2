"""The commands of the admins' desk: what the bot knows, how it does, and who may change that."""

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.chat.cards.statistics_card import describe_statistics
from bot.chat.handlers.trail import describe_entry
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
    list_pins,
    write_new_file,
)
from bot.cli.article_desk import (
    ArticleDeskError,
    add_article,
    list_articles,
    list_versions,
    print_rows,
    roll_back,
)
from bot.cli.assembly.terminal import open_session
from bot.cli.command import ERRORS, AsJson, begin, failing_with
from bot.cli.gaps_report import describe_gaps, describe_pins, print_gaps, print_pins
from bot.cli.keyboard import make_whole
from bot.cli.printing import open_console, print_plain
from bot.corpus.articles import CorpusError
from bot.corpus.changes import StoreError
from bot.corpus.drafts import FieldError
from bot.journal.backup import BackupError, back_up
from bot.journal.database import DatabaseUnavailableError
from bot.journal.export import ExportError, Form
from bot.journal.migrations import NewerSchemaError
from bot.journal.statistics import Period, StatisticsError
from bot.model import Role
from bot.search.models import UnknownEncoderError
from bot.wording.phrases import load_phrases

app = typer.Typer()
"""The commands, which stand beside those for everybody."""


# What the desk raises about the articles, about the database, and about what was asked for.
_explaining = partial(
    failing_with,
    ArticleDeskError,
    BackupError,
    CorpusError,
    DatabaseUnavailableError,
    DeskError,
    ExportError,
    NewerSchemaError,
    StatisticsError,
    StoreError,
    UnknownEncoderError,
)


@app.command()
def articles(*, as_json: AsJson = False) -> None:
    """List the articles, with how often each was quoted."""
    settings = begin()
    with _explaining():
        rows = list_articles(settings)
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
    as_json: AsJson = False,
) -> None:
    """Add the article in a file or at an address."""
    settings = begin()
    keys = {"title": title, "outlet": outlet, "published": published, "language": language, "source": source}
    changes = {key: value for key, value in keys.items() if value is not None}
    try:
        with _explaining():
            row = add_article(settings, what, changes)
    except FieldError as error:
        message = f"cannot be read: {changes[error.field]!r}"
        raise typer.BadParameter(message, param_hint=f"--{error.field}") from None
    print_rows(open_console(), [row], as_json=as_json)


@app.command()
def versions(*, as_json: AsJson = False) -> None:
    """List the versions of the articles, the newest first."""
    print_rows(open_console(), list_versions(begin()), as_json=as_json)


@app.command()
def rollback(
    version: Annotated[str, typer.Argument(metavar="ID", help="A version, as the list names it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Put a version's articles back, and keep what it replaces."""
    settings = begin()
    with _explaining():
        row = roll_back(settings, version)
    print_rows(open_console(), [row], as_json=as_json)


@app.command()
def gaps(*, as_json: AsJson = False) -> None:
    """List what the articles lack: questions that were refused or voted down, grouped by meaning."""
    settings = begin()
    with _explaining(), open_session(settings, ERRORS, None) as session:
        found = session.list_gaps()
    if as_json:
        sys.stdout.write(describe_gaps(found))
    else:
        print_gaps(open_console(), found)


@app.command()
def pins(
    *,
    as_json: AsJson = False,
    take_back: Annotated[
        str | None, typer.Option("--take-back", metavar="KEY", help="Take back the pin with this key.")
    ] = None,
) -> None:
    """List the passages that are pinned, or take one back; a running bot heeds that at its next reload."""
    settings = begin()
    with _explaining():
        kept = list_pins(settings.database, take_back)
    if as_json:
        sys.stdout.write(describe_pins(kept))
    else:
        print_pins(open_console(), kept)


_Period = Annotated[Period, typer.Option("--period", help="How far back, in whole days in UTC.")]


@app.command()
def stats(
    *,
    period: _Period = Period.WEEK,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how the bot does."""
    settings = begin()
    with _explaining():
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
    settings = begin()
    with _explaining():
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
    as_json: AsJson = False,
) -> None:
    """Let somebody in as editor or viewer, take that back, or list those who are in."""
    if user_id is not None and role is None:
        message = "give the role too: editor, viewer or none"
        raise typer.BadParameter(message)
    settings = begin()
    with _explaining():
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
    as_json: AsJson = False,
) -> None:
    """Show who did what to the bot."""
    settings = begin()
    with _explaining():
        entries = list_acts(settings.database, limit)
    phrases = load_phrases()["en"]
    for entry in entries.shown:
        if as_json:
            sys.stdout.write(f"{describe_act(entry)}\n")
        else:
            print_plain(open_console(), describe_entry(entry, phrases))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; nothing may be there yet.")],
) -> None:
    """Copy the database while the bot runs."""
    settings = begin()
    with _explaining():
        done = back_up(settings.database, file)
    print_plain(
        open_console(), f"{file}: {done.exchanges} exchanges and {done.votes} votes, {done.size_bytes} bytes"
    )
