"""The versions of the articles: which there were, by whom, and the way back to one; /version."""

from collections.abc import Mapping
from dataclasses import dataclass

from babel.dates import format_datetime
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.answering import Desk
from bot.chat.cards.article_card import lay_out_undo
from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import Markup, bold, neutralise, text
from bot.chat.cards.paging import begin_page, turn_rows
from bot.chat.handlers.admin_door import record_act
from bot.chat.handlers.corpus_changes import CorpusChanges
from bot.chat.turn import MessageTurn, PressTurn
from bot.corpus.versions import Version, Versions
from bot.journal.audit import Act, Audit
from bot.journal.database import DatabaseUnavailableError
from bot.wording.phrases import Phrases

_PAGE = 6
_NAME_UNITS = 60

VERSIONS_PATTERN = r"^versions:(page:\d{1,6}|(show|back):[0-9a-f]{12})$"


@dataclass(frozen=True, slots=True)
class Program:
    """The program's version, and the model that ranks."""

    version: str
    model: str


class CorpusVersions:
    """Answers /versions and /version, and handles the buttons of the first."""

    def __init__(
        self, *, desk: Desk, versions: Versions, changes: CorpusChanges, audit: Audit, program: Program
    ) -> None:
        self._desk = desk
        self._versions = versions
        self._changes = changes
        self._audit = audit
        self._program = program

    async def version(self, turn: MessageTurn) -> None:
        """Say which program, which articles and which model these are."""
        corpus = self._desk.corpus.version
        await turn.tell("version", program=self._program.version, corpus=corpus, model=self._program.model)

    async def versions(self, turn: MessageTurn) -> None:
        """Show the newest versions."""
        await turn.reply(*await self._render(0, turn.phrases))

    async def on_press(self, turn: PressTurn) -> None:
        """Turn the list, show a version, or go back to it."""
        what, _, value = turn.value.partition(":")
        if what == "page":
            await turn.acknowledge()
            await turn.show(*await self._render(int(value), turn.phrases))
            return
        version = self._versions.find(value)
        if version is None:
            await turn.acknowledge("versions.gone")
            return
        await turn.acknowledge()
        if what == "show":
            label = turn.say("versions.roll-back")
            rows = [
                [InlineKeyboardButton(label, callback_data=f"versions:back:{version.id}")],
                [InlineKeyboardButton(turn.say("button.back"), callback_data="versions:page:0")],
            ]
            question = text("\n\n" + turn.say("versions.confirm"))
            author = _name_author(version, await self._find_names(), turn.phrases)
            card = _render_version(version, author, self._desk.corpus.version, turn.phrases) + question
            await turn.show(card, InlineKeyboardMarkup(rows))
        else:
            await self._roll_back(turn, version)

    async def _roll_back(self, turn: PressTurn, version: Version) -> None:
        message = turn.message
        if message is None:
            return
        at, by, key = turn.at(message), str(turn.presser.id), f"back{turn.press.id}"
        done = await self._changes.make(at, lambda: self._versions.roll_back(version.id, by=by, key=key), by)
        if done is None:
            return
        record_act(turn, self._audit, Act.ROLLED_BACK, version.id)
        articles = turn.say("articles", count=len(done.reload.after.articles))
        said = turn.say("versions.rolled-back", version=done.reload.after.version, articles=articles)
        await at.reply(text("\n".join([said, *done.checks])), lay_out_undo(key, turn.phrases))

    async def _find_names(self) -> Mapping[int, str]:
        """Return the names of the admins by id; none while the database fails."""
        try:
            return await self._audit.find_names()
        except DatabaseUnavailableError:
            return {}

    async def _render(self, place: int, phrases: Phrases) -> tuple[Markup, InlineKeyboardMarkup | None]:
        versions = self._versions.list_versions()
        before = begin_page(place, len(versions), _PAGE)
        page = text(phrases.say("versions.heading", count=len(versions)) + "\n")
        shown = versions[before : before + _PAGE]
        names = await self._find_names()
        for number, version in enumerate(shown, before + 1):
            author = _name_author(version, names, phrases)
            card = _render_version(version, author, self._desk.corpus.version, phrases)
            page += text(f"\n{number}. ") + card + text("\n")
        numbers = [
            InlineKeyboardButton(str(number), callback_data=f"versions:show:{version.id}")
            for number, version in enumerate(shown, before + 1)
        ]
        turning = turn_rows("versions:page", before, len(versions), _PAGE, phrases)
        rows = [numbers, *turning] if numbers else turning
        return page, InlineKeyboardMarkup(rows) if rows else None


def _name_author(version: Version, names: Mapping[int, str], phrases: Phrases) -> str:
    """Say who made a version: an admin, by id if no name is known; the shell; or somebody by hand."""
    if not version.by:
        return phrases.say("versions.by-hand")
    who = names.get(int(version.by), version.by) if version.by.isdecimal() else version.by
    return phrases.say("versions.by", who=shorten(neutralise(who), _NAME_UNITS))


def _render_version(version: Version, author: str, current: str, phrases: Phrases) -> Markup:
    """Lay out when a version came to be, by whom, what is new in it, and how it did in the tests."""
    at = format_datetime(version.kept_at, "short", locale=phrases.language)
    marks = [
        phrases.say("versions.now") if version.id == current else "",
        "" if version.has_served else phrases.say("versions.aside"),
    ]
    head = bold(text(version.id)) + text("".join(f" · {mark}" for mark in marks if mark))
    change = phrases.say("versions.change", new=version.new, changed=version.changed, gone=version.gone)
    articles = phrases.say("articles", count=len(version.files))
    card = head + text(f"\n{at} UTC · {author}\n{articles} · {change}")
    score = version.score
    return (
        card + text("\n" + phrases.say("reload.tests", right=score.right, total=score.total))
        if score
        else card
    )
