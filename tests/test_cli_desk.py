"""The admins' desk in the shell: the same figures, roles and files as in the chat."""

import asyncio
import json
import resource
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.export import ExportError, load_key
from bot.model import Answer, AnswerKind, Exchange, Hit, Origin, Question
from tests.journal_records import passage

ANNA = 700_000_001


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / "log.sqlite"
    monkeypatch.setenv("BOT_DATABASE", str(path))
    return path


async def _fill(path: Path, answer: Answer) -> None:
    database = Database(path)
    await database.open()
    Journal(database).record(Exchange(datetime.now(UTC), Origin.TELEGRAM, answer, ANNA, ANNA))
    await database.close()


@pytest.fixture
def filled(path: Path) -> Path:
    answer = Answer(Question("+1, who?", "en"), AnswerKind.NOT_FOUND, 0.5, (), "abc123", 12.0)
    asyncio.run(_fill(path, answer))
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("command", ["stats", "export", "allow", "audit"])
def test_desk_without_a_database_says_so(path: Path, command: str) -> None:
    done = run(command)
    assert done.exit_code == 1
    assert "there is no database yet" in done.stderr
    assert not path.parent.exists()


def test_export_without_a_database_makes_no_key(path: Path) -> None:
    path.parent.mkdir()
    assert run("export").exit_code == 1
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("command", ["articles", "pins"])
def test_desk_names_a_database_that_cannot_be_used(path: Path, command: str) -> None:
    path.mkdir(parents=True)
    done = run(command)
    assert done.exit_code == 1
    assert f"{path}: cannot be used now: " in " ".join(done.stderr.splitlines())


@pytest.mark.usefixtures("filled")
def test_stats_prints_figures_for_people_and_programs() -> None:
    assert "Questions: 1 · people: 1" in run("stats").stdout
    figures = json.loads(run("stats", "--period", "day", "--json").stdout)
    assert (figures["questions"], figures["refused"], figures["people"]) == (1, 1, 1)
    assert figures["elapsed_ms"] == {"median": 12, "p95": 12}
    assert figures["languages"] == {"en": 1}
    assert figures["corpus"] == "abc123"


def test_export_writes_csv_and_json_lines(filled: Path) -> None:
    header, row = run("export").stdout.splitlines()
    # A spreadsheet knows UTF-8 by the mark.
    assert header.startswith("\ufeffasked_at,")
    assert "'+1, who?" in row
    assert str(ANNA) not in row
    hidden = json.loads(run("export", "--form", "jsonl").stdout)
    assert hidden["question"] == "+1, who?"
    assert hidden["person"] in row
    assert json.loads(run("export", "--form", "jsonl", "--ids").stdout)["person"] == ANNA
    file = filled.parent / "out.csv"
    assert run("export", "--to", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(b"\xef\xbb\xbfasked_at,")
    again = run("export", "--to", str(file))
    assert again.exit_code == 1
    assert "not overwritten" in again.stderr


def test_export_has_the_words_that_answer_and_how_certain_they_are(path: Path) -> None:
    hit = Hit(passage("Two came."), 1.5, short="Two", answers=0.9, certainty=0.75)
    asyncio.run(
        _fill(path, Answer(Question("how many?", "en"), AnswerKind.ANSWER, 0.9, (hit,), "abc123", 12.0))
    )
    row = json.loads(run("export", "--form", "jsonl").stdout)
    assert (row["passage"], row["short"], row["certainty"]) == ("Two came.", "Two", 0.75)


def test_export_refuses_a_key_that_is_none(filled: Path) -> None:
    (filled.parent / "pseudonyms.key").write_bytes(b"short")
    done = run("export")
    assert done.exit_code == 1
    assert "pseudonyms.key: is not a key of 32 bytes" in done.stderr


def test_export_leaves_no_short_key(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # What is written is cut in the middle of the key, as on a disk that is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        with pytest.raises(ExportError, match=r"pseudonyms\.key: cannot be written"):
            load_key(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    assert len(load_key(tmp_path)) == 32


def test_exports_at_the_same_time_agree_on_a_key(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(50)]
    with ThreadPoolExecutor(8) as threads:
        for folder in folders:
            folder.mkdir()
            keys = set(threads.map(load_key, [folder] * 8))
            assert len(keys) == 1
            assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [
                ("pseudonyms.key", 0o600)
            ]


@pytest.mark.usefixtures("filled")
def test_allow_and_audit_in_the_shell() -> None:
    assert run("allow", "4711", "editor", "--name", "Anna").stdout == "4711 editor Anna\n"
    assert json.loads(run("allow", "--json").stdout)["role"] == "editor"
    assert run("allow", "4711", "none").stdout == ""
    assert "4711 has no role" in run("allow", "4711", "none").stderr
    assert run("allow", "4711").exit_code == 2
    acts = [json.loads(line) for line in run("audit", "--json").stdout.splitlines()]
    assert [(act["act"], act["subject_id"], act["origin"]) for act in acts] == [
        ("taken-back", 4711, "terminal"),
        ("allowed", 4711, "terminal"),
    ]
    assert "in the shell · let in · Anna · editor" in run("audit").stdout
