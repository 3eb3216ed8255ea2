"""The page in a real browser, as somebody uses it: what they press and write, and what they then see."""

from dataclasses import dataclass, field
from typing import TypeAlias

from playwright.async_api import ConsoleMessage, Locator, Page, expect

from bot.sandbox.people import Person
from bot.sandbox.scene import Scene
from bot.sandbox.server import BotApi
from bot.sandbox.tab.web import PageServer
from tests.chat_bot import ChatBot

Requests: TypeAlias = list[str]


@dataclass
class Phone:
    """One tab."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: Requests = field(default_factory=list)

    def watch(self) -> None:
        """Note what the console complains of, and every address that is asked for."""
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    @property
    def bubbles(self) -> Locator:
        """Every message, oldest first."""
        return self.page.locator(".message")

    @property
    def latest(self) -> Locator:
        """The latest message of the bot."""
        return self.page.locator(".message.from-bot").last

    async def says(self, text: str) -> None:
        """Write a text and send it."""
        await self.page.get_by_role("textbox", name="Message").fill(text)
        await self.page.keyboard.press("Enter")

    async def asks(self, text: str, answer: str) -> Locator:
        """Write a text and wait for a message of the bot that replies to it and says something."""
        asked = await self.bubbles.count()
        await self.says(text)
        reply = self.page.locator(f".message:nth-child(n+{asked + 2}).from-bot").last
        await expect(reply).to_contain_text(answer)
        return reply

    async def presses(self, label: str) -> None:
        """Press a button of the bot's latest message."""
        await self.latest.locator(".keyboard").get_by_text(label, exact=True).click()

    async def becomes(self, person: str, place: str = "private") -> None:
        """Look at the sandbox as somebody, from somewhere."""
        await self.page.evaluate("hash => { location.hash = hash; }", f"person={person}&place={place}")
        await self.page.locator(f'main[data-ready="{person} {place}"]').wait_for()


@dataclass(frozen=True)
class Stage:
    """The bot, the server it talks to, and the page, all running."""

    api: BotApi
    scene: Scene
    server: PageServer
    bot: ChatBot

    @property
    def emma(self) -> Person:
        """Who looks at the page at first."""
        return self.scene.people["emma"]
