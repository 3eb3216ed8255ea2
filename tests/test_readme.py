"""The README is true: its settings, its commands and its two command lines are real."""

import re
from collections.abc import Iterable

import pytest
import typer.main

from bot.cli.app import app
from bot.settings import PROJECT, Settings
from bot.wording.phrases import load_phrases

README = (PROJECT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def command_options() -> Iterable[tuple[str, set[str]]]:
    group = typer.main.get_command(app)
    for name, command in vars(group)["commands"].items():
        yield name, {option for parameter in command.params for option in parameter.opts if option[0] == "-"}


def test_readme_lists_every_setting_as_it_is() -> None:
    rows = re.findall(r"^\| `BOT_(\w+)` \| (.+?) \| (.+) \|$", section("Settings"), re.MULTILINE)
    assert [(name.lower(), text) for name, _, text in rows] == [
        (name, field.description) for name, field in Settings.model_fields.items()
    ]
    for name, default, _ in rows:
        value = Settings.model_fields[name.lower()].default
        assert default == ("none" if value in (None, ()) else f"`{str(value).rstrip('/')}`")


def test_readme_lists_every_chat_command() -> None:
    listed = {name.removeprefix("/") for name in first_cells(section("Commands")) if name.startswith("/")}
    phrases = load_phrases()["en"]
    assert all(phrases.say(f"command.{name}") for name in listed)
    catalogue = (PROJECT / "bot" / "wording" / "catalogues" / "en.po").read_text("utf-8")
    assert listed == set(re.findall(r'^msgid "command\.(\w+)"$', catalogue, re.MULTILINE))


def test_readme_lists_every_shell_command_and_option() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+) ?[^`]*` \| (.+) \|$", section("Commands"), re.MULTILINE))
    commands = dict(command_options())
    assert rows.keys() == commands.keys()
    for name, text in rows.items():
        assert set(re.findall(r"`(--\w+)", text)) == commands[name] - {"--help"}, name


@pytest.mark.parametrize("ending", ['-m bot ask "how many countries signed?"', "-m pytest"])
def test_readme_commands_are_one_line_each(ending: str) -> None:
    assert len(re.findall(rf"^python3 .* {re.escape(ending)}$", README, re.MULTILINE)) == 1


def test_readme_files_exist() -> None:
    for name in re.findall(r"`((?:bot|config|tests)/[\w./-]+)`", README):
        assert (PROJECT / name).exists() or name in {"config/.env", "config/bot.toml"}, name
