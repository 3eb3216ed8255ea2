"""The pages for people are true: settings, commands, command lines, files, alerts and links are real."""

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main

from bot.cli.app import app
from bot.settings import PROJECT, Settings
from bot.wording.phrases import load_phrases
from tests.benchmarks.__main__ import ANSWERS, MEASUREMENTS, fill_in, read_commands

README = PROJECT / "README.md"
OPERATIONS = PROJECT / "bot" / "OPERATIONS.md"
PAGES = (README, OPERATIONS, PROJECT / "bot" / "README.md", PROJECT / "tests" / "MEASUREMENTS.md")
_MOST_LINES = 150


def section(page: Path, title: str) -> str:
    return page.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """Return what the rows are about; a row may be about several things."""
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def setting_rows(page: Path) -> list[str]:
    return re.findall(r"^\| `BOT_.+$", section(page, "Settings"), re.MULTILINE)


def command_options() -> Iterable[tuple[str, set[str]]]:
    group = typer.main.get_command(app)
    for name, command in vars(group)["commands"].items():
        yield name, {option for parameter in command.params for option in parameter.opts if option[0] == "-"}


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= _MOST_LINES


def test_readme_lists_every_setting_as_it_is() -> None:
    text = "\n".join(setting_rows(OPERATIONS))
    rows = re.findall(r"^\| `BOT_(\w+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    assert [(name.lower(), text) for name, _, text in rows] == [
        (name, field.description) for name, field in Settings.model_fields.items()
    ]
    for name, default, _ in rows:
        value = Settings.model_fields[name.lower()].default
        assert default == ("none" if value in (None, ()) else f"`{str(value).rstrip('/')}`")


def test_readme_repeats_the_first_settings() -> None:
    rows = setting_rows(README)
    assert rows
    assert set(rows) <= set(setting_rows(OPERATIONS))


def test_readme_lists_every_chat_command() -> None:
    commands = section(README, "Commands")
    listed = {name.removeprefix("/") for name in first_cells(commands) if name.startswith("/")}
    phrases = load_phrases()["en"]
    assert all(phrases.say(f"command.{name}") for name in listed)
    catalogue = (PROJECT / "bot" / "wording" / "catalogues" / "en.po").read_text("utf-8")
    assert listed == set(re.findall(r'^msgid "command\.(\w+)"$', catalogue, re.MULTILINE))


def test_readme_lists_every_shell_command_and_option() -> None:
    rows = re.findall(
        r"^\| ((?:`[a-z][^`]*`(?:, )?)+) \| (.+) \|$", section(README, "Commands"), re.MULTILINE
    )
    named = {tuple(re.findall(r"`([a-z]+)", names)): text for names, text in rows}
    commands = dict(command_options())
    assert sorted(name for names in named for name in names) == sorted(commands)
    for names, text in named.items():
        options = set[str]().union(*(commands[name] for name in names)) - {"--help"}
        assert set(re.findall(r"`(?:[a-z]+ )?(--[\w-]+)", text)) == options, names


@pytest.mark.parametrize("ending", ['-m bot ask "how many countries signed?"', "-m pytest"])
def test_readme_commands_are_one_line_each(ending: str) -> None:
    assert len(re.findall(rf"^python3 .* {re.escape(ending)}$", README.read_text("utf-8"), re.MULTILINE)) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_readme_files_exist(page: Path) -> None:
    for name in re.findall(r"`((?:bot|config|tests)/[\w./-]+)`", page.read_text("utf-8")):
        assert (PROJECT / name).exists() or name in {"config/.env", "config/bot.toml"}, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_readme_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_readme_names_alerts_that_exist() -> None:
    named = set(re.findall(r"`(alert\.\w+|healed\.\w+)`", OPERATIONS.read_text("utf-8")))
    phrases = load_phrases()["en"]
    assert named
    assert all(phrases.say(name) for name in named)


def test_measurements_name_commands_that_one_command_runs() -> None:
    sections = read_commands(MEASUREMENTS.read_text("utf-8"))
    assert set(ANSWERS) <= set(sections)
    for name in ANSWERS:
        commands = list(fill_in(sections[name], {"READING": Path("/r"), "XQUAD": Path("/x y")}))
        assert commands == [
            command.replace(" READING", " /r").replace(" XQUAD", " '/x y'") for command in sections[name]
        ]
        for command in commands:
            module = command.split(" -m ")[1].split()[0]
            assert find_spec(module), command


def test_measurements_leave_out_commands_without_their_folders(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(fill_in(["run READING", "run"], {"READING": None, "XQUAD": None})) == ["run"]
    assert "READING is not given: run READING" in capsys.readouterr().err
