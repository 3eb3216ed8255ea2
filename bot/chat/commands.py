"""The commands for everybody that are no questions: what this is, how to ask, from which articles."""

from babel.lists import format_list
from telegram import Message

from bot.answering import Answerer
from bot.chat.markup import text
from bot.chat.menus import Menus
from bot.chat.rendering import render_sources
from bot.chat.sending import reply
from bot.language import name_language
from bot.wording.phrases import Phrases


class Commands:
    """Answers /start, /help and /sources, and commands that there are not."""

    def __init__(self, *, answerer: Answerer, phrases: Phrases, menus: Menus) -> None:
        """Take who knows the articles, the texts, and the commands that help lists."""
        self._answerer = answerer
        self._phrases = phrases
        self._menus = menus

    async def start(self, message: Message) -> None:
        """Say what this is and how to ask."""
        await self._say(message, "start", articles=self._count_articles(), languages=self._name_languages())

    async def help(self, message: Message) -> None:
        """Say how to ask, and list the commands."""
        commands = "\n".join(
            f"/{command.command} – {command.description}" for command in self._menus.commands_for(message)
        )
        await self._say(
            message,
            "help",
            articles=self._count_articles(),
            languages=self._name_languages(),
            handle=f"@{message.get_bot().username}",
            commands=commands,
        )

    async def sources(self, message: Message) -> None:
        """List the articles."""
        for part in render_sources(self._answerer.corpus.articles, self._phrases):
            await reply(message, part)

    async def on_unknown(self, message: Message) -> None:
        """Say that there is no such command."""
        await self._say(message, "unknown-command")

    async def _say(self, message: Message, key: str, **values: object) -> None:
        await reply(message, text(self._phrases.say(key, **values)))

    def _count_articles(self) -> str:
        return self._phrases.say("articles", count=len(self._answerer.corpus.articles))

    def _name_languages(self) -> str:
        """Name the articles' languages in one list, as the reader's language joins one."""
        reader = self._phrases.language
        languages = {article.language for article in self._answerer.corpus.articles}
        return format_list(sorted(name_language(language, reader) for language in languages), locale=reader)
