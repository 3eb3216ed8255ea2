"""The commands as people type them: the real process, its output and its exit status."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.settings import PROJECT

Bot = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    """Run ``python -m bot`` from a foreign folder, with its state in a fresh one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment |= {"BOT_DATABASE": str(tmp_path / "log.sqlite"), "PYTHONPATH": str(PROJECT)}
    environment |= {"PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}

    def run(*arguments: str, stdin: str | int = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it; standard input is a text, or the number of an open file."""
        return subprocess.run(  # noqa: S603 - the bot itself
            [sys.executable, "-m", "bot", *arguments],
            **({"stdin": stdin} if isinstance(stdin, int) else {"input": stdin}),
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
            check=False,
        )

    return run


CONTRACT = {
    *("question", "language", "kind", "answered", "confidence", "short", "certainty", "pinned"),
    *("passages", "corpus", "elapsed_ms"),
}
PASSAGE = {"text", "highlight", "article", "outlet", "url", "language", "published", "score", "also"}


def test_ask_prints_passages_with_their_sources(bot: Bot) -> None:
    done = bot("ask", "how", "many", "countries", "signed?")
    assert done.returncode == 0
    assert "72 countries" in done.stdout
    assert "https://baotintuc.vn/" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("how many countries signed?", "en"),
        ("hvor mange land har signert konvensjonen?", "nb"),
        ("combien de pays ont signé la convention ?", "fr"),
        ("berapa negara menandatangani konvensi?", "id"),
        ("wie viele Kapitel hat das Übereinkommen?", "de"),
    ],
)
def test_ask_json_fulfils_the_contract(bot: Bot, question: str, language: str) -> None:
    done = bot("ask", "--json", "--limit", "4", question)
    (line,) = done.stdout.splitlines()
    answer = json.loads(line)
    assert set(answer) == CONTRACT
    assert (answer["question"], answer["language"], answer["answered"]) == (question, language, True)
    assert answer["kind"] == "answer"
    assert 0 <= answer["confidence"] <= 1
    assert len(answer["passages"]) == 4
    assert all(set(passage) == PASSAGE for passage in answer["passages"])
    scores = [passage["score"] for passage in answer["passages"]]
    assert scores == sorted(scores, reverse=True)


def test_ask_reads_few_norwegian_words_as_norwegian(bot: Bot) -> None:
    answer = json.loads(bot("ask", "--json", "hvor mange land signerte?").stdout)
    assert (answer["language"], answer["answered"]) == ("nb", True)


def test_ask_reads_a_question_in_the_language_that_is_given(bot: Bot) -> None:
    question = "how many countries signed?"
    for tag, language in (("no", "nb"), ("cs-CZ", "cs")):
        done = bot("ask", "--json", "--language", tag, question, BOT_ENCODER="none")
        assert json.loads(done.stdout)["language"] == language
    done = bot("ask", "--json", "--language", "de", "--file", "-", stdin=f"{question}\nwer?\n")
    assert [json.loads(line)["language"] for line in done.stdout.splitlines()] == ["de", "de"]


def test_conversation_reads_questions_in_the_language_that_is_given(bot: Bot, tmp_path: Path) -> None:
    terminal, keyboard = pty.openpty()
    os.write(terminal, b"how many countries signed?\n/quit\n")
    done = bot("--language", "nb", stdin=keyboard, BOT_ENCODER="none")
    os.close(terminal)
    os.close(keyboard)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        rows = connection.execute("SELECT origin, language FROM exchanges").fetchall()
    connection.close()
    assert rows == [("terminal", "nb")]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("ask", "--language", "english", "who?"), "'english' must be the tag of a language"),
        (("--language", "xq"), "'xq' must be the tag of a language"),
        (("--language", "nb", "check"), "--language stands behind ask"),
    ],
)
def test_language_that_cannot_be_obeyed_is_refused(bot: Bot, arguments: tuple[str, ...], reason: str) -> None:
    done = bot(*arguments, COLUMNS="200")
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_language_is_not_for_telegram(bot: Bot) -> None:
    done = bot("--language", "nb", BOT_TOKEN="1:" + 35 * "a", COLUMNS="200")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--language is for the conversation in the terminal" in done.stderr


def test_ask_says_that_the_articles_do_not_answer(bot: Bot) -> None:
    done = bot("ask", "--json", "pizza recipe without yeast")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert (answer["kind"], answer["answered"]) == ("not_found", False)
    assert len(answer["passages"]) == 5
    asked = bot("ask", "pizza recipe without yeast").stdout
    assert "do not answer" in asked
    assert "How many countries signed the Convention?" in asked
    assert "https://" not in asked


def test_ask_takes_questions_from_a_file_or_standard_input(bot: Bot, tmp_path: Path) -> None:
    questions = "how many countries signed?\n\nwie viele Kapitel?\n"
    (tmp_path / "questions.txt").write_text(questions, "utf-8")
    for file, stdin in (("questions.txt", ""), ("-", questions)):
        done = bot("ask", "--json", "--file", file, stdin=stdin)
        assert [json.loads(line)["question"] for line in done.stdout.splitlines()] == [
            "how many countries signed?", "wie viele Kapitel?",
        ]  # fmt: skip


def test_ask_is_logged(bot: Bot, tmp_path: Path) -> None:
    bot("ask", "how many countries signed?")
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        rows = connection.execute("SELECT origin, question, user_id FROM exchanges").fetchall()
    connection.close()
    assert rows == [("ask", "how many countries signed?", None)]


def test_version_is_printed(bot: Bot) -> None:
    done = bot("--version")
    assert (done.returncode, done.stdout) == (0, f"telegram-qa-bot {version('telegram-qa-bot')}\n")


@pytest.mark.parametrize(
    "arguments", [("ask",), ("ask", "x", "--file", "y"), ("ask", "x", "--limit", "0"), ("nonsense",)]
)
def test_wrong_usage_ends_with_status_2(bot: Bot, arguments: tuple[str, ...]) -> None:
    done = bot(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments", [("ask", "--file", "missing.txt"), ("ask", " "), ("import", "missing.txt")]
)
def test_what_fails_ends_with_status_1_and_the_reason(bot: Bot, arguments: tuple[str, ...]) -> None:
    done = bot(*arguments)
    assert done.returncode == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_run_without_token_and_terminal_ends_with_status_1(bot: Bot) -> None:
    done = bot()
    assert done.returncode == 1
    assert done.stderr.startswith("BOT_TOKEN is missing")


def test_run_with_wrong_settings_ends_with_a_line_each(bot: Bot) -> None:
    done = bot(BOT_TOKEN="nonsense", BOT_PASSAGES="none")  # noqa: S106 - no token
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "nonsense" not in done.stderr


def test_check_lists_the_articles(bot: Bot) -> None:
    done = bot("check")
    assert done.returncode == 0
    assert "hanoi-convention/nhan-dan" in done.stdout
    assert "5 articles" in done.stdout


def test_check_refuses_a_broken_corpus_and_warns_of_strangers(bot: Bot, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.md").write_text('+++\nlanguage = "en"\n+++\nText.\n')
    done = bot("check", BOT_CORPUS=str(folder))
    assert done.returncode == 1
    assert done.stderr == f"{folder}/a.md:1: source: is missing; it is required\n"
    (folder / "a.md").write_text('+++\nlanguage = "en"\nsource = "https://example.org/"\n+++\nText.\n')
    (folder / "b.txt").write_text("x")
    done = bot("check", BOT_CORPUS=str(folder))
    assert done.returncode == 0
    assert "b.txt: is not read" in done.stderr


def test_check_refuses_broken_examples(bot: Bot, tmp_path: Path) -> None:
    examples = tmp_path / "examples.toml"
    examples.write_text('en = "Who signed?"')
    done = bot("check", BOT_EXAMPLES=str(examples))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{examples}: en: must be a list of questions")


def test_import_writes_an_article_that_is_read_at_once(bot: Bot, tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_text(
        "Vinden blåste kraftig i går kveld.\nKilde: https://example.org/storm\nKommentar (0)\n", "utf-8"
    )
    done = bot("import", "raw.txt", "--to", "articles", "--outlet", "Været", "--published", "2025-10-26")
    assert done.returncode == 0
    assert "storm.md: language nb, published 2025-10-26" in done.stdout
    asked = bot(
        "ask", "--json", "blåste vinden?", BOT_CORPUS=str(tmp_path / "articles"), BOT_CACHE=str(tmp_path)
    )
    passage = json.loads(asked.stdout)["passages"][0]
    assert (passage["outlet"], passage["url"]) == ("Været", "https://example.org/storm")


def test_import_takes_the_language_of_the_original(bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("The wind blew.\nSource: https://example.org/storm\n")
    refused = bot("import", "raw.txt", "--to", "articles", "--original", "norwegian")
    assert refused.returncode == 2
    assert "--original" in refused.stderr
    assert not (tmp_path / "articles").exists()
    assert bot("import", "raw.txt", "--to", "articles", "--original", "no").returncode == 0
    assert 'original = "nb"' in (tmp_path / "articles" / "storm.md").read_text("utf-8")


def test_import_overwrites_nothing_and_says_what_is_missing(bot: Bot, tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_text("The wind blew.\nSource: https://example.org/storm\n")
    assert "published was not found" in bot("import", "raw.txt", "--to", "articles").stderr
    raw.write_text("Another text.\nSource: https://example.org/storm\n")
    done = bot("import", "raw.txt", "--to", "articles")
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert "The wind blew." in (tmp_path / "articles" / "storm.md").read_text()


HOSTILE = "\x1b]0;owned\x07\x9b31m\r\u202e\u2066\u2028"
OBEYED = {character for character in HOSTILE if not character.isprintable()}
KNOWN = """
[[question]]
id = "a"
language = "en"
question = {question}
facts = ["sun|moon"]

[[question]]
id = "b"
language = "en"
question = "cheese"
unanswerable = true
kind = "[/x]"
"""


@pytest.fixture
def hostile_corpus(tmp_path: Path) -> Path:
    """Make articles whose text and name would speak to the terminal, and whose outlet is markup."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    matter = (
        '+++\nlanguage = "en"\nsource = "https://example.org/a"\noutlet = "[link=x]Out[/nonsense]"\n+++\n'
    )
    (folder / f"[red]{HOSTILE}.md").write_text(
        f"{matter}The moon {HOSTILE} l\u2019\u00e9t\u00e9\u00a0: cheese.\n", "utf-8"
    )
    return folder


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("ask", f"moon {HOSTILE} cheese"), ("ask", "--json", f"moon {HOSTILE}"), ("evaluate",)],
)
def test_terminal_obeys_no_article_and_no_question(
    hostile_corpus: Path, tmp_path: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if arguments == ("evaluate",):
        known = KNOWN.format(question=json.dumps(f"moon {HOSTILE}"))
        (tmp_path / "known.toml").write_text(known, "utf-8")
        arguments = ("evaluate", str(tmp_path / "known.toml"), "--failures")
    for name in [*os.environ]:
        if name.startswith("BOT_"):
            monkeypatch.delenv(name)
    variables = {"BOT_CORPUS": str(hostile_corpus), "BOT_DATABASE": str(tmp_path / "log.sqlite")}
    done = CliRunner().invoke(app, arguments, env=variables | {"BOT_ENCODER": "none"})
    assert done.exit_code == 0, done.output
    assert not OBEYED & set(done.stdout + done.stderr)
    if arguments[0] == "check":
        assert "[link=x]Out[/nonsense]" in done.stdout
        assert "[red]" in done.stdout
    elif arguments[:2] == ("ask", "--json"):
        passage = json.loads(done.stdout)["passages"][0]["text"]
        assert "\u202e\u2066" in passage
    elif arguments[0] == "ask":
        assert "l\u2019\u00e9t\u00e9\u00a0: cheese" in done.stdout


def test_ask_takes_words_that_are_no_text(bot: Bot) -> None:
    done = bot("ask", "--json", "how many countries\udcff\udcfe signed?", BOT_ENCODER="none")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["question"] == "how many countries\ufffd\ufffd signed?"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ru_maxrss has other units")
def test_first_ask_keeps_within_400_mb(tmp_path: Path) -> None:
    # A process of its own asks, because its children's memory is told as that of the largest one.
    script = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "bot", "ask", "how many countries signed?"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment |= {"BOT_DATABASE": str(tmp_path / "log.sqlite"), "BOT_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(  # noqa: S603 - the bot itself
        [sys.executable, "-c", script],
        env=environment | {"PYTHONPATH": str(PROJECT)},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=True,
    )
    assert [*(tmp_path / "cache").glob("*.npz")], "nothing was embedded"
    kilobytes = int(done.stdout.splitlines()[-1])
    assert kilobytes < 400 * 1024
