"""`BotApi`: a Bot API server for one bot, and everything a test does with it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Self

from bot.sandbox.api.failures import Failure, FailurePlans, Plan, hang, reset
from bot.sandbox.api.methods.table import METHODS
from bot.sandbox.api.serving import Call, Listener
from bot.sandbox.limits.entities import find_entities
from bot.sandbox.limits.flood import FloodControl, FloodLimits
from bot.sandbox.people import Person
from bot.sandbox.world.chats import Chat, Message, Topic
from bot.sandbox.world.cloud import Cloud
from bot.sandbox.world.impossible import ImpossibleError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from bot.sandbox.world.bot_profile import Bot
    from bot.sandbox.world.updates import UpdateQueue
    from bot.sandbox.world.waiting import Bell, Clock

DEFAULT_TOKEN = "4242424242:AAF-tests_only-not_a_secret-0123456"  # noqa: S105 - of no use elsewhere
_FIRST_PERSON = 5_000_000_001


class BotApi:
    """A Bot API server on 127.0.0.1 with one bot. `async with BotApi() as api:` starts and ends it."""

    def __init__(  # noqa: PLR0913 - what a server for tests may want otherwise
        self,
        *,
        token: str = DEFAULT_TOKEN,
        username: str = "test_answer_bot",
        name: str = "Test Bot",
        port: int = 0,
        privacy_mode: bool = True,
        first_message_id: int = 1,
        flood_limits: FloodLimits | None = None,
    ) -> None:
        """Prepare a server; port 0 takes any that is free."""
        self.cloud = Cloud(
            token, username, name=name, privacy_mode=privacy_mode, first_message_id=first_message_id
        )
        self.failures = FailurePlans()
        self.flood = FloodControl(flood_limits)
        self._listener = Listener(self.cloud, self.failures, self.flood, port)
        self._person_ids = count(_FIRST_PERSON)

    # ----------------------------------------------------------------- the server

    async def start(self) -> None:
        """Listen; after `stop`, on the same port and with the same state."""
        await self._listener.start()

    async def stop(self) -> None:
        """Listen no more: connections are refused."""
        await self._listener.stop()

    async def close(self) -> None:
        """End everything; raise what went wrong inside the server itself."""
        await self.cloud.webhook.close()
        await self._listener.stop()
        if self._listener.crashes:
            raise self._listener.crashes[0]

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    @property
    def token(self) -> str:
        """The only token that is let in."""
        return self.cloud.token

    @property
    def url(self) -> str:
        """The base of every address, e.g. "http://127.0.0.1:40123"."""
        return f"http://127.0.0.1:{self._listener.port}"

    @property
    def bot(self) -> Bot:
        """The bot's account: names, descriptions, commands."""
        return self.cloud.bot

    @property
    def clock(self) -> Clock:
        """Telegram's clock; `clock.advance(151)` makes open queries too old."""
        return self.cloud.clock

    @property
    def updates(self) -> UpdateQueue:
        """What the bot has not confirmed; `updates.next_id` may be set."""
        return self.cloud.updates

    @property
    def privacy_mode(self) -> bool:
        """Whether the bot sees in groups only what is meant for it. May be set."""
        return self.cloud.privacy_mode

    @privacy_mode.setter
    def privacy_mode(self, value: bool) -> None:
        self.cloud.privacy_mode = value

    @property
    def inline_feedback(self) -> bool:
        """Whether the bot hears which inline results are chosen (off, as for a new bot). May be set."""
        return self.cloud.inline_feedback

    @inline_feedback.setter
    def inline_feedback(self, value: bool) -> None:
        self.cloud.inline_feedback = value

    def clear(self) -> None:
        """Forget what was written and called, and plan no failure; people and groups stay."""
        self.failures.clear()
        self.calls.clear()
        self.cloud.clear()

    # ------------------------------------------------------------ people and chats

    def person(
        self,
        first_name: str = "Anna",
        *,
        id: int | None = None,  # noqa: A002 - as Telegram calls it
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "en",
    ) -> Person:
        """Return somebody new, whom the bot does not know yet."""
        return Person(
            self.cloud,
            next(self._person_ids) if id is None else id,
            first_name,
            last_name=last_name,
            username=username,
            language_code=language_code,
        )

    def group(
        self,
        title: str = "Friends",
        *,
        forum: bool = False,
        members: Iterable[Person] = (),
        admins: Iterable[Person] = (),
        bot: str = "member",
    ) -> Chat:
        """Return a new basic group (with forum, a supergroup); `bot` is the bot's status there."""
        kind = "supergroup" if forum else "group"
        return self._new_chat(kind, title, members, admins, bot=bot, forum=forum)

    def supergroup(
        self,
        title: str = "Town",
        *,
        forum: bool = False,
        members: Iterable[Person] = (),
        admins: Iterable[Person] = (),
        bot: str = "member",
    ) -> Chat:
        """Return a new supergroup; `bot` is the bot's status there."""
        return self._new_chat("supergroup", title, members, admins, bot=bot, forum=forum)

    def channel(self, title: str = "News", *, bot: str = "administrator") -> Chat:
        """Return a new channel; write into it with `posts`."""
        return self._new_chat("channel", title, (), (), bot=bot, forum=False)

    def _new_chat(  # noqa: PLR0913 - a chat has that many parts
        self,
        kind: str,
        title: str,
        members: Iterable[Person],
        admins: Iterable[Person],
        *,
        bot: str,
        forum: bool,
    ) -> Chat:
        chat = self.cloud.open_chat(kind, title, is_forum=forum)
        chat.bot_status = bot
        for people, status in ((members, "member"), (admins, "administrator")):
            for person in people:
                chat.members[person.id], chat.statuses[person.id] = person, status
        return chat

    def topic(self, forum: Chat, name: str, *, by: Person) -> Topic:
        """Return a new topic of a forum."""
        if not forum.is_forum:
            failure = "only forums have topics"
            raise ImpossibleError(failure)
        topic = Topic(forum.next_message_id, name)
        forum.topics[topic.id] = topic
        created = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        by.sends(created, chat=forum, topic=topic)
        return topic

    def migrate(self, group: Chat) -> Chat:
        """Turn a basic group into a supergroup, which has another id; return that."""
        if group.type != "group":
            failure = "only a basic group becomes a supergroup"
            raise ImpossibleError(failure)
        chat = self.cloud.open_chat("supergroup", group.title)
        chat.bot_status = group.bot_status
        chat.members, chat.statuses = dict(group.members), dict(group.statuses)
        sender = next(iter(group.members.values()), self.bot)
        self.cloud.post(group, sender, {"migrate_to_chat_id": chat.id})
        group.migrated_to = chat
        self.cloud.post(chat, sender, {"migrate_from_chat_id": group.id})
        return chat

    def posts(self, channel: Chat, text: str) -> Message:
        """Write a text into a channel, in the channel's name."""
        content = {"text": text, "entities": find_entities(text)}
        return self.cloud.post(channel, None, content, sender_chat=channel)

    # ------------------------------------------------------------------- failures

    def fail(
        self,
        method: str,
        failure: Failure,
        *,
        times: int | None = 1,
        skip: int = 0,
        chat: Chat | None = None,
    ) -> Plan:
        """Let the next calls of a method fail ("*": of any; None times: all until `stop`)."""
        if method != "*" and method.lower() not in METHODS:
            mistake = f"there is no method {method}"
            raise ImpossibleError(mistake)
        chat_id = None if chat is None else chat.id
        return self.failures.add(Plan(method, failure, times, skip, chat_id))

    def hang(self, method: str, *, times: int | None = 1) -> Plan:
        """Let the next calls of a method go unanswered."""
        return self.fail(method, hang(), times=times)

    def outage(self, failure: Failure | None = None) -> Plan:
        """Let everything fail, inside a `with` block or until `stop`; a poll that waits, too."""
        plan = self.fail("*", failure or reset(), times=None)
        self.updates.end_poll()
        return plan

    def heal(self) -> None:
        """End every failure that is planned."""
        self.failures.clear()

    # ------------------------------------------------------- what the bot has done

    @property
    def calls(self) -> list[Call]:
        """Every call so far, getUpdates too."""
        return self._listener.calls

    @property
    def call_bell(self) -> Bell:
        """Rung when a call comes and when it is answered."""
        return self._listener.bell

    def calls_of(self, *methods: str) -> list[Call]:
        """Return the calls of some methods."""
        return [call for call in self.calls if call.method in methods]

    async def called(self, method: str, times: int = 1, timeout: float = 10) -> list[Call]:  # noqa: ASYNC109
        """Wait until a method was called (so often in all) and answered; return its calls."""

        def look() -> list[Call] | None:
            calls = [call for call in self.calls_of(method) if call.is_finished]
            return calls if len(calls) >= times else None

        found = await self._listener.bell.until(look, timeout)
        if found is None:
            raise AssertionError(self._missing(f"{method} was not called {times} times", timeout))
        return found

    async def polled(self, timeout: float = 10) -> None:  # noqa: ASYNC109
        """Wait until the bot has confirmed every update."""
        done = await self.updates.bell.until(lambda: not self.updates.pending() or None, timeout)
        if done is None:
            left = [update.body for update in self.updates.pending()[:5]]
            raise AssertionError(self._missing(f"the bot did not fetch {left}", timeout))

    async def expect_silence(self, chat: Chat, seconds: float = 0.5) -> None:
        """Fail if the bot writes or edits anything in a chat within that time."""
        await chat.stays_silent(seconds)

    def _missing(self, what: str, seconds: float) -> str:
        latest = "\n".join(f"  {call}" for call in self.calls[-10:])
        return f"{what} (waited {seconds:g} s). The latest calls:\n{latest}"
