"""Chats and messages: what is in them now, what was, and what they look like in an update.

Message ids count from 1 in every chat, so that a bot that takes them for unique stumbles. A test
waits for the bot through its chat: `reply_to`, `next_message_from_bot`, `stays_silent`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from bot.sandbox.limits.entities import utf16_slice
from bot.sandbox.limits.formatting import FormattedText
from bot.sandbox.world.impossible import ImpossibleError
from bot.sandbox.world.waiting import Bell, Clock

if TYPE_CHECKING:
    from collections import deque

    from bot.sandbox.limits.refusals import Json
    from bot.sandbox.world.users import User

_SHOWN = 30


@dataclass(eq=False)
class Topic:
    """A topic of a forum; its id is the id of the message that opened it."""

    id: int
    name: str
    is_closed: bool = False


@dataclass(frozen=True)
class Version:
    """What a message said, with its buttons, until it was edited."""

    content: Json
    reply_markup: Json | None
    date: int

    @property
    def text(self) -> str:
        """Text or caption."""
        return str(self.content.get("text") or self.content.get("caption") or "")


@dataclass(eq=False)
class Message:
    """A message as it stands now; `edits` holds what it said before."""

    chat: Chat
    message_id: int
    date: int
    sender: User | None
    content: Json
    is_from_bot: bool = False
    sender_chat: Chat | None = None
    topic: Topic | None = None
    reply_to: Message | None = None
    reply_markup: Json | None = None
    extra: Json = field(default_factory=dict)
    edits: list[Version] = field(default_factory=list)
    edit_date: int | None = None
    is_deleted: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    file: bytes | None = None
    inline_message_id: str | None = None

    @property
    def text(self) -> str:
        """Text or caption, as people see it."""
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def entities(self) -> list[Json]:
        """The entities of text or caption, offsets in UTF-16 code units."""
        key = "entities" if "text" in self.content else "caption_entities"
        return list(self.content.get(key, []))

    @property
    def formatted(self) -> FormattedText:
        """Text and entities together."""
        return FormattedText(self.text, self.entities)

    @property
    def html(self) -> str:
        """The text as Telegram's HTML."""
        return self.formatted.html

    @property
    def links(self) -> list[str]:
        """Every address the text leads to, in order."""
        return [
            entity.get("url") or utf16_slice(self.text, entity["offset"], entity["length"])
            for entity in self.entities
            if entity["type"] in ("text_link", "url")
        ]

    @property
    def buttons(self) -> list[Json]:
        """The inline buttons, row after row."""
        rows = (self.reply_markup or {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def button(self, label: str) -> Json:
        """Return the button with this text or callback data (a part of the text will do)."""
        exact = [one for one in self.buttons if label in (one["text"], one.get("callback_data"))]
        similar = [one for one in self.buttons if label in one["text"]]
        if found := exact or similar:
            return found[0]
        labels = [button["text"] for button in self.buttons]
        failure = f"no button {label!r} under message {self.message_id}, only {labels}"
        raise ImpossibleError(failure)

    async def edited(self, since: int = 0, timeout: float = 10) -> Message:  # noqa: ASYNC109
        """Wait until the message has been edited more than `since` times."""
        found = await self.chat.bell.until(lambda: self if len(self.edits) > since else None, timeout)
        return found or self.chat.fail(f"message {self.message_id} was not edited", timeout)

    async def deleted(self, timeout: float = 10) -> Message:  # noqa: ASYNC109
        """Wait until the message is deleted."""
        found = await self.chat.bell.until(lambda: self if self.is_deleted else None, timeout)
        return found or self.chat.fail(f"message {self.message_id} was not deleted", timeout)

    def replace(self, content: Json, reply_markup: Json | None, *, silently: bool = False) -> None:
        """Give the message another content; the old one goes to `edits`."""
        self.edits.append(Version(self.content, self.reply_markup, self.edit_date or self.date))
        self.content, self.reply_markup = content, reply_markup
        if not silently:
            self.edit_date = self.chat.clock.date()
        if self.is_from_bot:
            self.chat.note_deed()
        self.chat.bell.ring()

    @property
    def thread_id(self) -> int | None:
        """The topic, or in a supergroup the message that a chain of replies began with."""
        if self.topic:
            return self.topic.id
        if self.chat.type != "supergroup" or self.chat.is_forum or not self.reply_to:
            return None
        return self.reply_to.thread_id or self.reply_to.message_id

    def to_json(self, *, with_reply: bool = True) -> Json:
        """Return the message as it stands in updates and answers."""
        message: Json = {"message_id": self.message_id}
        if self.sender:
            message["from"] = self.sender.to_json()
        if self.sender_chat:
            message["sender_chat"] = self.sender_chat.to_json()
        message |= {"chat": self.chat.to_json(), "date": self.date}
        if self.edit_date:
            message["edit_date"] = self.edit_date
        if (thread_id := self.thread_id) is not None:
            message["message_thread_id"] = thread_id
        if self.topic:
            message["is_topic_message"] = True
        if self.reply_to and with_reply and not self.reply_to.is_deleted:
            message |= self._reply_json(self.reply_to)
        message |= {key: value for key, value in self.content.items() if value != []}
        if self.reply_markup and "inline_keyboard" in self.reply_markup:
            message["reply_markup"] = self.reply_markup
        return message | self.extra

    def _reply_json(self, other: Message) -> Json:
        if other.chat is self.chat and other.topic is self.topic:
            return {"reply_to_message": other.to_json(with_reply=False)}
        origin: Json = {"type": "user", "date": other.date}
        if other.sender:
            origin["sender_user"] = other.sender.to_json()
        return {
            "external_reply": {
                "origin": origin,
                "chat": other.chat.to_json(),
                "message_id": other.message_id,
            }
        }

    def __str__(self) -> str:
        """Return one line for a transcript."""
        who = "BOT" if self.is_from_bot else self.sender.name if self.sender else "channel"
        marks = f" ↩{self.reply_to.message_id}" if self.reply_to else ""
        marks += f" topic {self.topic.id}" if self.topic else ""
        marks += f" edited ×{len(self.edits)}" if self.edits else ""
        marks += " DELETED" if self.is_deleted else ""
        kinds = [key for key in self.content if key not in ("text", "entities", "caption_entities")]
        said = self.text or ", ".join(kinds)
        labels = "".join(f" [{button['text']}]" for button in self.buttons)
        return f"#{self.message_id}{marks} {who}: {said}{labels}"


class Chat:
    """A private chat, group, supergroup or channel, seen from Telegram's side."""

    def __init__(  # noqa: PLR0913 - a chat has that many parts
        self,
        chat_id: int,
        kind: str,
        clock: Clock,
        refusals: deque[str],
        *,
        title: str | None = None,
        user: User | None = None,
        is_forum: bool = False,
        first_message_id: int = 1,
    ) -> None:
        """Open an empty chat; `user` is the other side of a private one."""
        self._first_message_id = first_message_id
        self.id, self.type, self.title, self.user = chat_id, kind, title, user
        self.is_forum, self.username = is_forum, None if user is None else user.username
        self.clock, self._refusals, self.bell = clock, refusals, Bell()
        self.bot_status = "left"
        self.migrated_to: Chat | None = None
        self.statuses: dict[int, str] = {}
        self.members: dict[int, User] = {}
        self.topics: dict[int, Topic] = {}
        self.history: list[Message] = []
        self.actions: list[Json] = []
        self._from_bot: list[Message] = []
        self._replies: dict[int, list[Message]] = {}
        self._places: dict[int, int] = {}
        self._read = 0
        self._deeds = 0

    def clear(self) -> None:
        """Forget every message and topic; who is in the chat stays, and ids go on as they do on Telegram."""
        self._first_message_id = self.next_message_id
        for kept in (self.topics, self.history, self.actions, self._from_bot, self._replies, self._places):
            kept.clear()
        self._read = self._deeds = 0
        self.bell.ring()

    @property
    def next_message_id(self) -> int:
        """The id that the next message gets."""
        return self._first_message_id + len(self.history)

    @property
    def is_group(self) -> bool:
        """Whether several people write here."""
        return self.type in ("group", "supergroup")

    @property
    def messages(self) -> list[Message]:
        """What is in the chat now."""
        return [message for message in self.history if not message.is_deleted]

    @property
    def from_bot(self) -> list[Message]:
        """What the bot under test sent and did not delete."""
        return [message for message in self._from_bot if not message.is_deleted]

    def to_json(self) -> Json:
        """Return the chat as it stands in updates."""
        chat: Json = {"id": self.id, "type": self.type}
        if self.user:
            user = self.user.to_json()
            names = ("first_name", "last_name", "username")
            return chat | {key: user[key] for key in names if key in user}
        chat["title"] = self.title
        if self.username:
            chat["username"] = self.username
        if self.is_forum:
            chat["is_forum"] = True
        return chat

    def add(self, message: Message) -> None:
        """Put a message at the end."""
        self.history.append(message)
        if message.is_from_bot:
            self._deeds += 1
            self._places[message.message_id] = len(self._from_bot)
            self._from_bot.append(message)
            if message.reply_to:
                self._replies.setdefault(message.reply_to.message_id, []).append(message)
        self.bell.ring()

    def message(self, message_id: int) -> Message | None:
        """Return a message that is there, by its id."""
        place = message_id - self._first_message_id
        if not 0 <= place < len(self.history):
            return None
        found = self.history[place]
        return None if found.is_deleted else found

    def replies_to(self, message: Message) -> list[Message]:
        """Return what the bot sent in reply to a message."""
        return [reply for reply in self._replies.get(message.message_id, []) if not reply.is_deleted]

    async def reply_to(self, message: Message, timeout: float = 10) -> Message:  # noqa: ASYNC109
        """Wait for the bot's first reply to a message."""
        found = await self.bell.until(lambda: next(iter(self.replies_to(message)), None), timeout)
        if found is None:
            self.fail(f"the bot did not reply to message {message.message_id}", timeout)
        self._read = max(self._read, self._places[found.message_id] + 1)
        return found

    async def next_message_from_bot(self, timeout: float = 10) -> Message:  # noqa: ASYNC109
        """Wait for the first message of the bot after the last one that was waited for."""

        def look() -> Message | None:
            while self._read < len(self._from_bot) and self._from_bot[self._read].is_deleted:
                self._read += 1
            return self._from_bot[self._read] if self._read < len(self._from_bot) else None

        found = await self.bell.until(look, timeout)
        if found is None:
            self.fail("the bot sent nothing more", timeout)
        self._read += 1
        return found

    async def stays_silent(self, seconds: float = 0.5) -> None:
        """Fail if the bot sends or edits anything here within that time."""
        before = self._deeds
        if await self.bell.until(lambda: self._deeds != before or None, seconds):
            self.fail("the bot should have been silent here", seconds)

    def note_deed(self) -> None:
        """Count an edit of the bot, for `stays_silent`."""
        self._deeds += 1
        self.bell.ring()

    def transcript(self) -> str:
        """Return the latest messages, a line each."""
        kind = self.user.name if self.user else self.title
        lines = [f"{self.type} {kind!r} ({self.id}), the bot is {self.bot_status}:"]
        lines += [f"  {message}" for message in self.history[-_SHOWN:]] or ["  (empty)"]
        return "\n".join(lines)

    def fail(self, what: str, seconds: float) -> NoReturn:
        """Raise an AssertionError that shows the chat and what the server refused lately."""
        lines = [f"{what} (waited {seconds:g} s, {time.strftime('%X')})", self.transcript()]
        if self._refusals:
            lines += ["refused lately:", *(f"  {refusal}" for refusal in self._refusals)]
        raise AssertionError("\n".join(lines))
