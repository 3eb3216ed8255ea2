"""The commands for everybody that are no questions: what this is, how to ask, what is kept."""

from collections.abc import Awaitable, Callable, Mapping

from babel.lists import format_list
from telegram import InlineKeyboardMarkup, Message

from bot.answering import Desk
from bot.chat.addressing import find_asker
from bot.chat.cards.keyboards import lay_out_examples
from bot.chat.cards.markup import text
from bot.chat.cards.start_links import decode_question
from bot.chat.handlers.inline import RESUME, Inline
from bot.chat.handlers.posing import Posing
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.sending import reply
from bot.chat.wire.update_in_hand import do_once
from bot.language import name_language
from bot.wording.examples import Examples
from bot.wording.phrases import Phrases

Command = Callable[[Message], Awaitable[None]]


class Commands:
    """Answers /start, /help and /privacy, and commands that there are not."""

    def __init__(  # noqa: PLR0913 - each is something that they tell about
        self,
        *,
        desk: Desk,
        readings: ReaderLanguages,
        menus: Menus,
        examples: Examples,
        posing: Posing,
        inline: Inline,
        retention_days: int,
        opened: Mapping[str, Command],
    ) -> None:
        """Take who knows the articles, the texts, and the commands that links to the chat open."""
        self._desk = desk
        self._readings = readings
        self._menus = menus
        self._examples = examples
        self._posing = posing
        self._inline = inline
        self._retention_days = retention_days
        self._opened = opened

    async def start(self, message: Message) -> None:
        """Do what the link asks for that led here; without one, say what this is and how to ask."""
        payload = (message.text or "").partition(" ")[2].strip()
        reader = find_asker(message)
        question = decode_question(payload)
        if payload == RESUME and reader is not None:
            question = do_once("unanswered", lambda: self._inline.take_unanswered(reader.id))
        if question is not None and reader is not None:
            await self._posing.pose(message, reader, question)
        elif payload in self._opened:
            await self._opened[payload](message)
        else:
            await self._introduce(message)

    async def help(self, message: Message) -> None:
        """Say how to ask, and list the commands."""
        phrases = await self._readings.phrases_for(find_asker(message))
        commands = "\n".join(
            f"/{command.command} – {command.description}"
            for command in self._menus.describe_commands(message, phrases)
        )
        help_text = phrases.say(
            "help",
            articles=self._count_articles(phrases),
            languages=self._name_languages(phrases),
            handle=f"@{message.get_bot().username}",
            commands=commands,
        )
        await reply(message, text(help_text))

    async def privacy(self, message: Message) -> None:
        """Say what is kept, how long, for what, and how it is erased."""
        phrases = await self._readings.phrases_for(find_asker(message))
        await reply(message, text(describe_privacy(phrases, self._retention_days)))

    async def on_unknown(self, message: Message) -> None:
        """Say that there is no such command."""
        phrases = await self._readings.phrases_for(find_asker(message))
        await reply(message, text(phrases.say("unknown-command")))

    async def _introduce(self, message: Message) -> None:
        phrases = await self._readings.phrases_for(find_asker(message))
        introduction = phrases.say(
            "start", articles=self._count_articles(phrases), languages=self._name_languages(phrases)
        )
        buttons = lay_out_examples(self._examples, phrases.language)
        if buttons:
            introduction += "\n\n" + phrases.say("example.offer")
        await reply(message, text(introduction), InlineKeyboardMarkup(buttons) if buttons else None)

    def _count_articles(self, phrases: Phrases) -> str:
        return phrases.say("articles", count=len(self._desk.corpus.articles))

    def _name_languages(self, phrases: Phrases) -> str:
        """Name the articles' languages in one list, as the reader's language joins one."""
        reader = phrases.language
        languages = {article.language for article in self._desk.corpus.articles}
        return format_list(sorted(name_language(language, reader) for language in languages), locale=reader)


def describe_privacy(phrases: Phrases, retention_days: int) -> str:
    """Return what the bot keeps of people, with the time after which it erases that."""
    if retention_days:
        duration = phrases.say("privacy.duration", count=retention_days)
    else:
        duration = phrases.say("privacy.for-ever")
    return phrases.say("privacy", duration=duration)
