"""Every text is there in every language, whole, used, and of a form that Telegram takes."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import date
from gettext import c2py
from itertools import chain
from pathlib import Path
from unicodedata import east_asian_width

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.chat.cards.fitting import count_units
from bot.chat.cards.markup import text
from bot.model import SmallTalk
from bot.sandbox.limits.html_reader import parse_html
from bot.wording.phrases import load_phrases

BOT = Path(__file__).parent.parent / "bot"
CATALOGUES = BOT / "wording" / "catalogues"
LANGUAGES = ["ar", "de", "en", "es", "fr", "id", "ja", "nb", "pt", "ru", "vi", "zh"]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
NUMBERS = range(1000)
HALF_WIDTH = ("button.", "sources.back", "sources.next", "language.name")
HALF_WIDTH_LETTERS = 18


def read_catalogue(language: str) -> Catalog:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def key_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def texts_of(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def messages_of(language: str) -> dict[str, Message]:
    return {key_of(message): message for message in read_catalogue(language) if message.id}


ENGLISH = messages_of("en")


def test_wording_is_in_twelve_languages() -> None:
    assert sorted(path.stem for path in CATALOGUES.glob("*.po")) == LANGUAGES
    assert sorted(load_phrases()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_wording_has_every_text_in_every_plural_form(language: str) -> None:
    catalogue, messages = read_catalogue(language), messages_of(language)
    missing = [f"{language}.po: {key}" for key in ENGLISH if key not in messages]
    assert not missing, "to be translated: " + ", ".join(missing)
    unknown = [f"{language}.po: {key}" for key in messages if key not in ENGLISH]
    assert not unknown, "not in en.po: " + ", ".join(unknown)
    for key, message in messages.items():
        assert not message.fuzzy, key
        assert message.pluralizable == ENGLISH[key].pluralizable, key
        forms = texts_of(message)
        assert len(forms) == (catalogue.num_plurals if message.pluralizable else 1), key
        assert all(form.strip() for form in forms), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_wording_has_every_placeholder_in_every_form(language: str) -> None:
    choose = plural_rule(language)
    for key, message in messages_of(language).items():
        wanted = set(PLACEHOLDER.findall("".join(texts_of(ENGLISH[key]))))
        for number, form in enumerate(texts_of(message)):
            # A form that stands for one number alone may write it as a word.
            stands_for_one = message.pluralizable and [choose(n) for n in NUMBERS].count(number) == 1
            found = set(PLACEHOLDER.findall(form))
            assert found == wanted or (stands_for_one and found == wanted - {"count"}), (key, form)


@pytest.mark.parametrize("language", LANGUAGES)
def test_wording_has_the_plural_forms_of_the_language(language: str) -> None:
    choose, category_of = plural_rule(language), Locale(language).plural_form
    pairs = {(choose(number), category_of(number)) for number in NUMBERS}
    assert len(pairs) == len({category for _, category in pairs}) == read_catalogue(language).num_plurals


@pytest.mark.parametrize("language", LANGUAGES)
def test_wording_fits_where_telegram_shows_it(language: str) -> None:
    phrases = load_phrases()[language]
    for key, message in messages_of(language).items():
        placeholders = set(PLACEHOLDER.findall("".join(texts_of(message))))
        for count in (1, 2, 1_000):
            # Names and lists are the longest that are filled in, apart from questions.
            values: dict[str, object] = dict.fromkeys(placeholders, "<&>" * 60)
            said = phrases.say(key, **values | ({"count": count} if message.pluralizable else {}))
            shown = text(said)
            assert parse_html(shown.html).text.strip() == said.strip(), key
            assert count_units(said) <= limit_of(key), (key, count_units(said))


def limit_of(key: str) -> int:
    limits = {
        "description": 512,
        "short-description": 120,
        "command.": 256,
        "press.": 200,
        "vote.": 200,
        "example.gone": 200,
        "history.gone": 200,
        "personal.unavailable": 200,
        "mydata.caption": 1024,
        # Telegram sets no limit to labels; a phone shows about this much.
        "period.": 16,
        "role.": 16,
        "audit.later": 16,
        "audit.earlier": 16,
        "export.pseudonyms": 24,
        "export.ids": 24,
        "export.send": 32,
        "export-caption.": 1024,
        "allow.take-back": 32,
        "allow.all": 32,
        "button.objection": 32,
        "personal.open": 32,
        "forget.yes": 32,
        "forget.no": 32,
        "language.automatic": 32,
        "inline.": 48,
    }
    found = [limit for prefix, limit in limits.items() if key.startswith(prefix)]
    return found[0] if found and key != "language.automatic-chosen" else 4096


@pytest.mark.parametrize("language", LANGUAGES)
def test_wording_labels_fit_half_a_phone(language: str) -> None:
    """Two buttons share a line of 390 pixels: each shows about 18 letters, or half as many wide ones."""
    for key, message in messages_of(language).items():
        if key.startswith(HALF_WIDTH):
            label = f"{texts_of(message)[0]} ✓" if key == "language.name" else texts_of(message)[0]
            width = sum(2 if east_asian_width(character) in "WF" else 1 for character in label)
            assert width <= HALF_WIDTH_LETTERS, (key, label)


def test_wording_writes_numbers_and_dates_as_the_language_does() -> None:
    catalogues = load_phrases()
    duration = {language: catalogues[language].say("privacy.duration", count=1000) for language in LANGUAGES}
    assert duration["en"] == "1,000 days"
    assert duration["de"] == "1.000 Tage"
    assert duration["fr"] == "1\u202f000 jours"
    day = date(2025, 10, 26)
    assert catalogues["nb"].say("asked", question=day) == "«26. okt. 2025»"
    assert catalogues["vi"].say("asked", question=day) == "“26 thg 10, 2025”"


def test_wording_says_what_the_code_asks_for_and_nothing_else() -> None:
    constants, said, beginnings = read_code()
    assert said <= ENGLISH.keys()
    for beginning in beginnings:
        assert any(key.startswith(beginning) for key in ENGLISH), beginning
    used = constants & ENGLISH.keys()
    used |= {key for key in ENGLISH for beginning in beginnings if key.startswith(beginning)}
    assert used == ENGLISH.keys()
    assert {f"small-talk.{meaning.value}" for meaning in SmallTalk} <= ENGLISH.keys()


def read_code() -> tuple[set[str], set[str], set[str]]:
    """Return every string in the code, every key that is said, and the beginnings of keys made there."""
    constants, said, beginnings = set[str](), set[str](), set[str]()
    for node in chain.from_iterable(
        ast.walk(ast.parse(path.read_text("utf-8"))) for path in BOT.rglob("*.py")
    ):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            constants.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            beginnings |= set(find_beginning(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
            said |= set(find_keys(node.args[0]))
    return constants, said, beginnings


def find_keys(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    elif isinstance(argument, ast.IfExp):
        yield from find_keys(argument.body)
        yield from find_keys(argument.orelse)


def find_beginning(made: ast.JoinedStr) -> Iterator[str]:
    """Yield what a key that is made begins with, such as "command."."""
    first = made.values[0]
    if isinstance(first, ast.Constant) and re.fullmatch(r"[a-z-]+\.", str(first.value)):
        yield str(first.value)


def plural_rule(language: str) -> Callable[[int], int]:
    """Return what chooses the form for a number, as the catalogue's own header says."""
    return c2py(read_catalogue(language).plural_expr)


def test_wording_from_the_right_keeps_commands_and_handles_whole() -> None:
    """Without a mark before it, a slash or an @ moves to the other end of its word."""
    for key, message in messages_of("ar").items():
        for form in texts_of(message):
            assert not re.search(r"(?<![\u200e/\w])(?:/[a-z]|@\w|\{handle\})", form), (key, form)


def test_wording_starts_lines_from_the_right_only_where_writing_does() -> None:
    starts = {language: phrases.line_start for language, phrases in load_phrases().items()}
    assert starts.pop("ar") == "\u200f"
    assert set(starts.values()) == {""}
    commands = {language: phrases.write_command("ask") for language, phrases in load_phrases().items()}
    assert commands.pop("ar") == "\u200f\u200e/ask"
    assert set(commands.values()) == {"/ask"}
