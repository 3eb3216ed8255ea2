"""The commands that introduce the bot: /start, /help, /privacy, and unknown ones."""

from collections.abc import Awaitable, Callable, Mapping

from babel.lists import format_list
from telegram import InlineKeyboardMarkup

from bot.answering import Desk
from bot.chat.cards.keyboards import lay_out_examples
from bot.chat.cards.markup import text
from bot.chat.cards.start_links import decode_page, decode_question
from bot.chat.handlers.answer_buttons import AnswerButtons
from bot.chat.handlers.inline import RESUME, Inline
from bot.chat.handlers.questions import Questions
from bot.chat.profile.menus import Menus
from bot.chat.turn import MessageTurn
from bot.language import name_language
from bot.wording.about import About
from bot.wording.examples import Examples
from bot.wording.phrases import Phrases

Command = Callable[[MessageTurn], Awaitable[None]]


class Commands:
    """Answers /start, /help and /privacy, and commands that do not exist."""

    def __init__(  # noqa: PLR0913 - each is something that they tell about
        self,
        *,
        desk: Desk,
        menus: Menus,
        about: About,
        examples: Examples,
        questions: Questions,
        inline: Inline,
        answer_buttons: AnswerButtons,
        retention_days: int,
        are_questions_suggested: bool,
        reader_host: str | None,
        opened: Mapping[str, Command],
    ) -> None:
        """Let links to the chat run the commands in ``opened``, by the links' payload.

        ``reader_host`` is the host to which questions are sent; None if they stay on this machine.
        """
        self._desk = desk
        self._menus = menus
        self._about = about
        self._examples = examples
        self._questions = questions
        self._inline = inline
        self._answer_buttons = answer_buttons
        self._retention_days = retention_days
        self._are_questions_suggested = are_questions_suggested
        self._reader_host = reader_host
        self._opened = opened

    async def start(self, turn: MessageTurn) -> None:
        """Do what the link asked for; without a payload, say what the bot is and how to ask."""
        payload = (turn.message.text or "").partition(" ")[2].strip()
        reader = turn.asker
        question = decode_question(payload)
        page = decode_page(payload)
        if payload == RESUME and reader is not None:
            question = turn.once("unanswered", lambda: self._inline.take_unanswered(reader.id))
        if question is not None and reader is not None:
            await self._questions.pose(turn, question)
        elif page is not None:
            await self._answer_buttons.open_page(turn, page)
        elif payload in self._opened:
            await self._opened[payload](turn)
        else:
            await self._introduce(turn)

    async def help(self, turn: MessageTurn) -> None:
        """Say how to ask, and list the commands."""
        commands = "\n".join(
            f"{turn.phrases.write_command(command.command)} – {command.description}"
            for command in await self._menus.describe_commands(turn.message, turn.phrases)
        )
        explanation = turn.say(
            "help",
            articles=self._count_articles(turn),
            languages=self._name_languages(turn),
            handle=f"@{turn.bot.username}",
            commands=commands,
        )
        await turn.reply(text(_join(self._describe_articles(turn), explanation)))

    async def privacy(self, turn: MessageTurn) -> None:
        """Say which data the bot keeps or sends away, how long, why, and how to erase them."""
        notice = describe_privacy(turn.phrases, self._retention_days, self._reader_host)
        suggested = turn.say("privacy.suggestions") if self._are_questions_suggested else ""
        await turn.reply(text(_join(notice, suggested)))

    async def on_unknown(self, turn: MessageTurn) -> None:
        """Say that the command does not exist."""
        await turn.tell("unknown-command")

    async def _introduce(self, turn: MessageTurn) -> None:
        introduction = turn.say(
            "start", articles=self._count_articles(turn), languages=self._name_languages(turn)
        )
        buttons = lay_out_examples(self._examples, turn.phrases.language)
        offer = turn.say("example.offer") if buttons else ""
        introduction = _join(introduction, self._describe_articles(turn), turn.say("start.how"), offer)
        await turn.reply(text(introduction), InlineKeyboardMarkup(buttons) if buttons else None)

    def _describe_articles(self, turn: MessageTurn) -> str:
        return self._about.describe(self._desk.corpus.articles, turn.phrases)

    def _count_articles(self, turn: MessageTurn) -> str:
        return turn.say("articles", count=len(self._desk.corpus.articles))

    def _name_languages(self, turn: MessageTurn) -> str:
        """List the articles' languages, joined as in the reader's language."""
        reader = turn.phrases.language
        languages = {article.language for article in self._desk.corpus.articles}
        return format_list(sorted(name_language(language, reader) for language in languages), locale=reader)


def _join(*paragraphs: str) -> str:
    return "\n\n".join(filter(None, paragraphs))


def describe_privacy(phrases: Phrases, retention_days: int, reader_host: str | None) -> str:
    """Return the privacy notice, with the days until data are erased and the host that gets questions."""
    if retention_days:
        duration = phrases.say("privacy.duration", count=retention_days)
    else:
        duration = phrases.say("privacy.for-ever")
    said = phrases.say("privacy", duration=duration)
    return f"{said}\n\n{phrases.say('privacy.reader', host=reader_host)}" if reader_host else said
