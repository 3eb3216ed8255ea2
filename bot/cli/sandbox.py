"""The sandbox: the real bot against a local Bot API, with a page in the browser in Telegram's place.

The bot is made and run as on Telegram, in the same event loop as the server it talks to. Settings and
articles are as they are, but for those that say where Telegram is and who its admins are; the token is
made up for each run, and a real one is neither used nor shown.
"""

import asyncio
import contextlib
import os
import secrets
import tempfile
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from pydantic import HttpUrl
from rich.console import Console

from bot.answering import Desk
from bot.cli.assembly.desk import open_desk
from bot.cli.assembly.telegram import assemble
from bot.cli.printing import print_plain
from bot.cli.service import Reloads, be_on_telegram, log_service, prepare_searching
from bot.cli.settings_loading import load_settings
from bot.metrics import Metrics
from bot.sandbox.scene import ADMIN_ID, Scene
from bot.sandbox.server import BotApi
from bot.sandbox.shots import Camera
from bot.sandbox.tab.deeds import Deeds
from bot.sandbox.tab.web import PageServer
from bot.sandbox.world.impossible import ImpossibleError
from bot.settings import Settings
from bot.wording.examples import Examples, load_examples

_DATABASE = "sandbox.sqlite"
# Ids grow with the time, faster than people make messages and updates: 2026-01-01, in s.
_FIRST_ID_AT = 1_767_225_600
_IDS_PER_SECOND = 10
_BOT_ID = 4_242_424_242
_USERNAME = "sandbox_bot"
_NAME = "Ask the articles"
_PATIENCE_S = 60.0
# A report of a reload is edited a moment after it was sent.
_SETTLING_S = 2.0
_NOT_IN_THE_ARTICLES = "How do I bake a pizza?"


class SandboxError(Exception):
    """The sandbox cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked for on the command line."""

    host: str
    port: int
    opens: bool
    keeps: bool
    shots: Path | None


def load_sandbox_settings() -> tuple[Settings, list[str]]:
    """Read the settings with a token that is made up, which hides a real one in environment or files.

    Raises:
        SettingsError: a setting is wrong.
    """
    os.environ["BOT_TOKEN"] = f"{_BOT_ID}:{secrets.token_urlsafe(27)}"
    return load_settings()


def run_sandbox(settings: Settings, wishes: Wishes, console: Console, errors: Console) -> None:
    """Run until a signal ends it, or until the pictures are taken.

    Raises:
        SandboxError: the port is taken, or there is no browser to take pictures with.
    """
    camera = Camera.find() if wishes.shots else None
    log_service(settings, _read_token(settings))
    asyncio.run(_run(settings, wishes, camera, console, errors))


def _read_token(settings: Settings) -> str:
    return settings.token.get_secret_value() if settings.token else ""


async def _run(
    settings: Settings, wishes: Wishes, camera: Camera | None, console: Console, errors: Console
) -> None:
    token = _read_token(settings)
    # A database that was kept knows messages and updates of earlier runs by their ids.
    first = int((time.time() - _FIRST_ID_AT) * _IDS_PER_SECOND) if wishes.keeps else 1
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            BotApi(token=token, username=_USERNAME, name=_NAME, first_message_id=first)
        )
        api.updates.next_id += first
        api.inline_feedback = True
        scene = Scene(api)
        # One that is kept lies beside the bot's own.
        database = settings.database.with_name(_DATABASE)
        if not wishes.keeps:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
            database = Path(folder) / _DATABASE
        bot = _SandboxBot(_replace_settings(settings, api.url, database), token, scene)
        page = PageServer(scene, Deeds(scene, bot.forget), host=wishes.host, port=wishes.port)
        try:
            await page.start()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else error
            message = f"port {wishes.port} cannot be had: {reason}; choose another with --port"
            raise SandboxError(message) from error
        stack.push_async_callback(page.stop)
        prepare_searching(settings)
        examples = load_examples(settings.examples)
        if camera is None:
            print_plain(console, f"Open {page.url} in a browser; Ctrl+C ends the sandbox.")
            if wishes.opens:
                await asyncio.to_thread(webbrowser.open, page.url)
        desk = await asyncio.to_thread(open_desk, settings, errors)
        running = asyncio.create_task(bot.run(desk, examples))
        try:
            if camera is not None and wishes.shots is not None:
                await _take_pictures(camera, wishes.shots, page.url, bot, examples)
                bot.end()
            await running
        finally:
            bot.end()
            await asyncio.wait({running})


def _replace_settings(settings: Settings, api_url: str, database: Path) -> Settings:
    """Return the settings with those that are the sandbox's own."""
    own: dict[str, object] = {
        "api_url": HttpUrl(api_url),
        "proxy": None,
        "admin_ids": (ADMIN_ID,),
        "database": database,
        "webhook_url": None,
        "metrics_port": None,
    }
    return settings.model_copy(update=own)


class _SandboxBot:
    """The bot, which begins again whenever somebody has everything forgotten."""

    def __init__(self, settings: Settings, token: str, scene: Scene) -> None:
        self.scene = scene
        self._settings = settings
        self._token = token
        self._stop = asyncio.Event()
        self._forgetting: asyncio.Future[None] | None = None
        self._is_running = False

    async def run(self, desk: Desk, examples: Examples) -> None:
        """Run until a signal, or ``end``."""
        reloads = Reloads()
        while True:
            service = assemble(self._settings, self._token, desk=desk, examples=examples, metrics=Metrics())
            self._is_running = True
            await be_on_telegram(service, self._stop, reloads)
            self._is_running = False
            if self._forgetting is None:
                return
            # At once, so that a signal that comes while the bot begins again is not lost.
            self._stop.clear()
            await asyncio.to_thread(_remove_database, self._settings.database)
            self.scene.clear()
            self._forgetting.set_result(None)
            self._forgetting = None

    def end(self) -> None:
        """Stop the bot."""
        self._stop.set()

    async def forget(self) -> None:
        """Stop the bot, throw away its database and all messages, and let it begin again.

        Raises:
            ImpossibleError: the bot is just starting.
        """
        if not self._is_running:
            failure = "the bot is starting"
            raise ImpossibleError(failure)
        if self._forgetting is None:
            self._forgetting = asyncio.get_running_loop().create_future()
            self._stop.set()
        await asyncio.shield(self._forgetting)


def _remove_database(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()


async def _take_pictures(
    camera: Camera, folder: Path, url: str, bot: _SandboxBot, examples: Examples
) -> None:
    """Take the README's pictures: an answer, a refusal, and an admin's report."""
    scene = bot.scene
    reader = scene.people["emma"]
    conversations = (
        ("answer", reader, next(iter(examples.choose("en")), _NOT_IN_THE_ARTICLES)),
        ("refusal", reader, _NOT_IN_THE_ARTICLES),
        ("reload", scene.admin, "/reload"),
    )
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with camera.opened() as take:
        for name, person, words in conversations:
            await person.private_chat.reply_to(person.says(words), _PATIENCE_S)
            await asyncio.sleep(_SETTLING_S)
            await take(f"{url}#person={person.username}&place=private", folder / f"{name}.png")
            await bot.forget()
