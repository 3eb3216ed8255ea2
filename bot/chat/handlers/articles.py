"""Articles by chat: a file or an address becomes a draft, and a draft an article; the list of them all.

Nothing is written into the corpus folder before *Add* is pressed. Drafts and changes have keys that
outlive the process, so every button works after a restart, and a press that is handled twice does its
work once.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from telegram import InlineKeyboardMarkup, Message
from telegram.error import TelegramError

from bot.answering import Desk
from bot.chat.cards.article_card import (
    PAGE,
    lay_out_draft,
    lay_out_fields,
    lay_out_list,
    lay_out_text,
    lay_out_undo,
    render_draft,
    render_list,
    render_text,
    shorten_digest,
)
from bot.chat.cards.markup import Markup, text
from bot.chat.cards.paging import begin_page
from bot.chat.handlers.admin_door import record_act
from bot.chat.handlers.corpus_changes import CorpusChanges, Done, describe_failure
from bot.chat.handlers.questions import Questions
from bot.chat.turn import MessageTurn, PressTurn
from bot.corpus.changes import Change, GoneError, ReadOnlyError
from bot.corpus.drafts import FIELDS, Draft, FieldError, KeptDraft, change_draft
from bot.corpus.editing import Editing, FetchingOffError, find_source
from bot.corpus.extraction import SUFFIXES, ExtractionError, Problem
from bot.fetching import FetchError, Obstacle
from bot.journal.audit import Act, Audit
from bot.journal.database import DatabaseUnavailableError
from bot.journal.quotations import Quotations
from bot.model import Article

# What the Bot API lets a bot download.
_MAX_UPLOAD_BYTES = 20_971_520
_EXAMPLES = {"source": "https://example.org/article", "language": "nb", "published": "2026-11-24"}
_ALIKE = {Problem.BROKEN: "unreadable", Problem.ENCODING: "unreadable", Problem.FORMAT: "unreadable"}

DRAFT_PATTERN = rf"^draft:(add|change|cancel|back|{'|'.join(FIELDS)}):[A-Za-z0-9_-]{{1,32}}$"
ARTICLES_PATTERN = r"^articles:(page:\d{1,6}|(show|out):[0-9a-f]{16}(:\d{1,6})?)$"
UNDO_PATTERN = r"^undo:[A-Za-z0-9_-]{1,32}$"
ADDRESS_PATTERN = r"^\s*https?://\S+\s*$"


class Articles:
    """Takes files and addresses, answers /articles, and handles the buttons of both."""

    def __init__(  # noqa: PLR0913 - what the desk of an editor is made of
        self,
        *,
        desk: Desk,
        editing: Editing,
        changes: CorpusChanges,
        quotations: Quotations,
        questions: Questions,
        audit: Audit,
    ) -> None:
        """``questions`` gets the messages that are none of this."""
        self._desk = desk
        self._editing = editing
        self._changes = changes
        self._quotations = quotations
        self._questions = questions
        self._audit = audit

    async def pass_on(self, turn: MessageTurn) -> None:
        """Handle a file as one from anybody."""
        await (self._questions.on_question if turn.message.caption else self._questions.on_other)(turn)

    async def on_document(self, turn: MessageTurn) -> None:
        """Make a draft of a file."""
        document = turn.message.document
        if document is None:
            return
        name = document.file_name or ""
        if not await self._is_writable(turn):
            return
        if not name.lower().endswith(SUFFIXES):
            await turn.tell("extraction.kind", kinds=" ".join(SUFFIXES))
            return
        if (document.file_size or 0) > _MAX_UPLOAD_BYTES:
            await turn.tell("extraction.large")
            return
        try:
            file = await document.get_file()
            content = bytes(await file.download_as_bytearray())
        except TelegramError as error:
            await turn.tell("articles.unfetched", detail=describe_failure(error))
            return
        await self._propose(turn, lambda: self._editing.read_file(content, name))

    async def on_address(self, turn: MessageTurn) -> None:
        """Make a draft of the page at an address."""
        address = (turn.message.text or "").strip()
        asked = await self._find_asked(turn.message)
        if asked is not None:
            await self._answer(turn, *asked)
        elif await self._is_writable(turn):
            await self._propose(turn, lambda: self._editing.read_address(address))

    async def on_reply(self, turn: MessageTurn) -> None:
        """Take the new value of a field, or else handle the message as a question."""
        asked = await self._find_asked(turn.message)
        await (self._answer(turn, *asked) if asked else self._questions.on_question(turn))

    async def articles(self, turn: MessageTurn) -> None:
        """Show the first page of the list."""
        articles = self._desk.corpus.articles
        page = render_list(articles, 0, await self._count(), turn.phrases)
        await turn.reply(page, lay_out_list(articles, 0, turn.phrases))

    async def on_articles_press(self, turn: PressTurn) -> None:
        """Turn the list, show an article, or take it out."""
        what, _, value = turn.value.partition(":")
        if what == "page":
            await turn.acknowledge()
            articles = self._desk.corpus.articles
            before = begin_page(int(value), len(articles), PAGE)
            page = render_list(articles, before, await self._count(), turn.phrases)
            await turn.show(page, lay_out_list(articles, before, turn.phrases))
            return
        key, _, first = value.partition(":")
        article = self._find(key)
        if what == "out" and turn.message is not None:
            await turn.acknowledge()
            await self._take_out(turn, article)
        elif article is None:
            await turn.acknowledge("articles.gone")
        else:
            await turn.acknowledge()
            await self._show(turn, article, int(first or 0))

    async def on_draft_press(self, turn: PressTurn) -> None:
        """Add, change or drop a draft."""
        what, _, key = turn.value.partition(":")
        kept = self._editing.drafts.find(key)
        message = turn.message
        if kept is None or message is None:
            await turn.acknowledge("draft.gone")
            return
        await turn.acknowledge()
        if what == "add":
            await self._add(turn, message, kept)
        elif what == "cancel":
            self._editing.drafts.drop(key)
            await turn.show(text(turn.say("draft.cancelled")))
        elif what == "change":
            there = find_source(self._desk.corpus, kept.draft.source)
            await turn.show(render_draft(kept.draft, there, turn.phrases), lay_out_fields(key, turn.phrases))
        elif what == "back":
            await turn.show(*self._render(turn, kept))
        else:
            await self._ask(turn.at(message), kept, what)

    async def on_undo_press(self, turn: PressTurn) -> None:
        """Undo a change."""
        message = turn.message
        await turn.acknowledge()
        if message is None:
            return
        store, by = self._editing.store, str(turn.presser.id)
        done = await self._changes.make(turn.at(message), lambda: store.undo(turn.value, by=by), by)
        if done is not None:
            record_act(turn, self._audit, Act.UNDID, done.change.steps[0].path)
            said = turn.say("articles.undone", version=done.reload.after.version)
            await turn.at(message).reply(_report(said, done))

    async def _propose(self, turn: MessageTurn, read: Callable[[], Draft]) -> None:
        """Read a draft and show it."""
        try:
            draft = await asyncio.to_thread(read)
        except FetchingOffError:
            await turn.tell("articles.fetch-off")
        except FetchError as error:
            await self._tell_obstacle(turn, error)
        except ExtractionError as error:
            key = _ALIKE.get(error.problem, error.problem.value)
            detail = describe_failure(error.detail)
            await turn.tell(f"extraction.{key}", detail=detail, kinds=" ".join(SUFFIXES))
        else:
            kept = turn.once("draft", lambda: KeptDraft(secrets.token_urlsafe(8), draft))
            await self._keep_and_show(turn, kept)

    async def _tell_obstacle(self, turn: MessageTurn, error: FetchError) -> None:
        if error.obstacle in {Obstacle.LARGE, Obstacle.SLOW, Obstacle.FORBIDDEN}:
            await turn.tell(f"extraction.{error.obstacle.value}")
        else:
            await turn.tell("articles.unfetched", detail=describe_failure(error))

    async def _keep(self, turn: MessageTurn, kept: KeptDraft) -> bool:
        """Keep a draft; tell where that cannot be done, and return whether it was."""
        try:
            await asyncio.to_thread(self._editing.drafts.keep, kept)
        except OSError as error:
            await turn.tell("articles.read-only", detail=describe_failure(error))
            return False
        return True

    async def _keep_and_show(self, turn: MessageTurn, kept: KeptDraft) -> None:
        if await self._keep(turn, kept):
            await turn.reply(*self._render(turn, kept))

    def _render(self, turn: MessageTurn | PressTurn, kept: KeptDraft) -> tuple[Markup, InlineKeyboardMarkup]:
        draft = kept.draft
        there = find_source(self._desk.corpus, draft.source)
        may_add = draft.source is not None and there is None
        card = render_draft(draft, there, turn.phrases)
        return card, lay_out_draft(kept.key, turn.phrases, may_add=may_add)

    async def _ask(self, turn: MessageTurn, kept: KeptDraft, name: str) -> None:
        """Ask for the new value of a field, and remember the message that asks."""
        field = turn.say(f"draft.field.{name}")
        asking = await turn.tell("draft.ask", field=field)
        if asking is not None:
            asked = {**kept.asked, f"{asking.chat_id}:{asking.message_id}": name}
            await self._keep(turn, replace(kept, asked=asked))

    async def _find_asked(self, message: Message) -> tuple[KeptDraft, str] | None:
        """Return the draft and the field for which the message asks that this one replies to."""
        replied = message.reply_to_message
        if replied is None:
            return None
        # In a worker thread, since it may read every draft.
        find = self._editing.drafts.find_asked
        return await asyncio.to_thread(find, message.chat_id, replied.message_id)

    async def _answer(self, turn: MessageTurn, kept: KeptDraft, name: str) -> None:
        """Put a new value into a draft, and show it anew."""
        value = turn.message.text or ""
        try:
            draft = change_draft(kept.draft, name, value, turn.phrases.language)
        except FieldError:
            example = _EXAMPLES.get(name, "…")
            await turn.tell("draft.unreadable", field=turn.say(f"draft.field.{name}"), example=example)
            return
        await self._keep_and_show(turn, replace(kept, draft=draft))

    async def _add(self, turn: PressTurn, message: Message, kept: KeptDraft) -> None:
        draft, by, key = kept.draft, str(turn.presser.id), f"add{turn.press.id}"
        store = self._editing.store
        is_made = store.find_change(key) is not None
        if not is_made and find_source(self._desk.corpus, draft.source) is not None:
            await turn.show(*self._render(turn, kept))
            return
        at = turn.at(message)
        made = await self._changes.make(at, lambda: store.add(draft.name, draft.render(), by=by, key=key), by)
        if made is None:
            return
        path = made.change.steps[0].path
        if not is_made:
            record_act(turn, self._audit, Act.ADDED_ARTICLE, path)
        said = turn.say("draft.added", path=path, version=made.reload.after.version)
        await at.reply(_report(said, made), lay_out_undo(key, turn.phrases))
        self._editing.drafts.drop(kept.key)
        await turn.show(render_draft(draft, None, turn.phrases))

    async def _take_out(self, turn: PressTurn, article: Article | None) -> None:
        message = turn.message
        if message is None:
            return
        at, by, key = turn.at(message), str(turn.presser.id), f"out{turn.press.id}"
        store = self._editing.store
        made = store.find_change(key)
        if article is not None and len(self._desk.corpus.articles) == 1:
            await at.tell("articles.last")
            return

        def take_out() -> Change:
            if made is not None:
                return made
            if article is None:
                raise GoneError(key)
            return store.take_out(article.id, article.digest, by=by, key=key)

        done = await self._changes.make(at, take_out, by)
        if done is None:
            return
        path = next(step.path for step in done.change.steps if step.after is None)
        if made is None:
            record_act(turn, self._audit, Act.TOOK_OUT_ARTICLE, path)
        said = turn.say("articles.taken-out", path=path, version=done.reload.after.version)
        await at.reply(_report(said, done), lay_out_undo(key, turn.phrases))

    async def _is_writable(self, turn: MessageTurn) -> bool:
        """Tell whether articles can be added; if not, say so."""
        try:
            await asyncio.to_thread(self._editing.store.check_writable)
        except ReadOnlyError as error:
            await turn.tell("articles.read-only", detail=describe_failure(error))
            return False
        return True

    async def _show(self, turn: PressTurn, article: Article, first: int) -> None:
        """Show an article as the bot reads it, from a sentence on."""
        sentences = [each.text for each in self._desk.corpus.passages if each.article.id == article.id]
        card, following = render_text(article, sentences, min(first, len(sentences) - 1), turn.phrases)
        more = following if following < len(sentences) else None
        await turn.show(card, lay_out_text(article, more, turn.phrases))

    def _find(self, key: str) -> Article | None:
        articles = self._desk.corpus.articles
        return next((article for article in articles if shorten_digest(article.digest) == key), None)

    async def _count(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the sentences and the quotations of each article."""
        sentences = Counter(passage.article.id for passage in self._desk.corpus.passages)
        try:
            quoted = await self._quotations.count()
        except DatabaseUnavailableError:  # it was reported
            quoted = {}
        return dict(sentences), quoted


def _report(said: str, done: Done) -> Markup:
    return text("\n".join([said, *done.checks]))
