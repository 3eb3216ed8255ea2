"""Telegram's side of the world: accounts, chats, files, open queries, and what the bot hears of it.

Methods of the Bot API and acting people both change it, through `post` and `edit`. What a bot in a
group gets to see (privacy mode) is decided here, in `shows`. It knows nothing of HTTP.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bot.sandbox.limits.entities import utf16_slice
from bot.sandbox.limits.parameters import names
from bot.sandbox.limits.refusals import Json, forbid, refuse
from bot.sandbox.world.bot_profile import Bot
from bot.sandbox.world.chats import Chat, Message, Topic
from bot.sandbox.world.files import Files
from bot.sandbox.world.updates import UpdateQueue
from bot.sandbox.world.waiting import Clock
from bot.sandbox.world.webhooks import Webhook

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Value
    from bot.sandbox.world.queries import InlineQuestion, Press
    from bot.sandbox.world.users import User

FIRST_SUPERGROUP = -1_001_000_000_001
FIRST_GROUP = -500_000_001
_KICKED = {
    "private": "bot was blocked by the user",
    "group": "bot was kicked from the group chat",
    "supergroup": "bot was kicked from the supergroup chat",
    "channel": "bot was kicked from the channel chat",
}
_SERVICE = names(
    "new_chat_members left_chat_member migrate_to_chat_id migrate_from_chat_id forum_topic_created "
    "group_chat_created pinned_message"
)


class Cloud:
    """Everything Telegram keeps."""

    def __init__(
        self, token: str, username: str, *, name: str, privacy_mode: bool, first_message_id: int = 1
    ) -> None:
        """Make a world in which only the bot exists."""
        self._first_message_id = first_message_id
        self.token = token
        self.clock = Clock()
        bot_id = int(token.partition(":")[0])
        self.bot = Bot(bot_id, name, username=username, is_bot=True)
        self.privacy_mode = privacy_mode
        self.inline_feedback = False
        self.is_logged_out = False
        self.users: dict[int, User] = {bot_id: self.bot}
        self.deactivated: set[int] = set()
        self.chats: dict[int, Chat] = {}
        self.files = Files()
        self.updates = UpdateQueue(self.clock)
        self.webhook = Webhook(self.updates, self.clock)
        self.presses: dict[str, Press] = {}
        self.inline_questions: dict[str, InlineQuestion] = {}
        self.inline_messages: dict[str, Message] = {}
        self.refusals: deque[str] = deque(maxlen=5)
        self._last_query = 4_000_000_000_000

    @property
    def privacy_mode(self) -> bool:
        """Whether the bot sees in groups only what is meant for it (an admin sees everything)."""
        return not self.bot.reads_everything

    @privacy_mode.setter
    def privacy_mode(self, value: bool) -> None:
        self.bot.reads_everything = not value

    def clear(self) -> None:
        """Forget what was written, pressed and asked; accounts, groups and the bot's profile stay."""
        for chat in self.chats.values():
            if chat.user:
                chat.bot_status = "left"
            chat.clear()
        for kept in (self.presses, self.inline_questions, self.inline_messages, self.refusals):
            kept.clear()
        self.files = Files()
        self.updates.clear()

    def next_query_id(self) -> str:
        """Return a new id for a press or an inline query."""
        self._last_query += 1
        return str(self._last_query)

    def open_chat(
        self,
        kind: str,
        title: str | None = None,
        *,
        user: User | None = None,
        is_forum: bool = False,
    ) -> Chat:
        """Make a chat; a private one has the id of its user."""
        if user is not None:
            chat_id = user.id
        else:
            number = len(self.chats)
            chat_id = FIRST_GROUP - number if kind == "group" else FIRST_SUPERGROUP - number
        made = Chat(
            chat_id,
            kind,
            self.clock,
            self.refusals,
            title=title,
            user=user,
            is_forum=is_forum,
            first_message_id=self._first_message_id,
        )
        self.chats[chat_id] = made
        return made

    def readable_chat(self, chat_id: Value) -> Chat:
        """Return the chat a method names."""
        if chat_id in (None, ""):
            refuse("chat_id is empty")
        if isinstance(chat_id, str):
            name = chat_id.removeprefix("@").lower()
            found = [chat for chat in self.chats.values() if (chat.username or "").lower() == name]
            chat = found[0] if found and not found[0].user else None
        else:
            chat = self.chats.get(chat_id)
        if chat is None or (chat.user and chat.bot_status == "left" and not self._knows(chat.user)):
            refuse("chat not found")
        return chat

    def writable_chat(self, chat_id: Value) -> Chat:
        """Return the chat a method names, if the bot may write there."""
        chat = self.readable_chat(chat_id)
        if chat.id in self.deactivated:
            forbid("user is deactivated")
        if chat.migrated_to:
            refuse("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to.id)
        if chat.bot_status == "kicked":
            forbid(_KICKED[chat.type])
        if chat.bot_status == "left":
            if chat.user:
                reason = "bot can't initiate conversation with a user"
            else:
                reason = f"bot is not a member of the {chat.type} chat"
            forbid(reason)
        if chat.type == "channel" and chat.bot_status != "administrator":
            refuse("need administrator rights in the channel chat")
        return chat

    def _knows(self, user: User) -> bool:
        """Tell whether the bot has met somebody in a group."""
        return any(user.id in chat.members for chat in self.chats.values() if not chat.user)

    def topic(self, chat: Chat, thread_id: int) -> Topic | None:
        """Return the topic a method names (0: none), or refuse it."""
        if not thread_id:
            return None
        topic = chat.topics.get(thread_id)
        if topic is None:
            refuse("message thread not found")
        if topic.is_closed and chat.bot_status != "administrator":
            refuse("TOPIC_CLOSED")
        return topic

    def post(  # noqa: PLR0913 - a message has that many parts
        self,
        chat: Chat,
        sender: User | None,
        content: Json,
        *,
        sender_chat: Chat | None = None,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        reply_markup: Json | None = None,
        extra: Json | None = None,
        is_from_bot: bool = False,
    ) -> Message:
        """Put a message into a chat, and tell the bot of it if it may know."""
        message = Message(
            chat=chat,
            message_id=chat.next_message_id,
            date=self.clock.date(),
            sender=sender,
            content=content,
            is_from_bot=is_from_bot or sender is self.bot,
            sender_chat=sender_chat,
            topic=topic,
            reply_to=reply_to,
            reply_markup=reply_markup,
            extra=extra or {},
        )
        chat.add(message)
        self._announce(message, "message")
        return message

    def announce_edit(self, message: Message) -> None:
        """Tell the bot of an edit, if it may know."""
        self._announce(message, "edited_message")

    def _announce(self, message: Message, kind: str) -> None:
        if not self.shows(message):
            return
        if message.chat.type == "channel":
            kind = kind.replace("message", "channel_post")
        self.updates.push(kind, message.to_json())

    def shows(self, message: Message) -> bool:
        """Tell whether the bot gets to see a message."""
        chat = message.chat
        if message.is_from_bot or chat.bot_status in ("left", "kicked"):
            return False
        if not chat.is_group or not self.privacy_mode or chat.bot_status == "administrator":
            return True
        if message.reply_to and message.reply_to.is_from_bot:
            return True
        if message.extra.get("via_bot", {}).get("id") == self.bot.id:
            return True
        return any(key in message.content for key in _SERVICE) or self._addresses_bot(message)

    def _addresses_bot(self, message: Message) -> bool:
        me = f"@{self.bot.username}".lower()
        for entity in message.entities:
            said = utf16_slice(message.text, entity["offset"], entity["length"]).lower()
            if entity["type"] == "mention" and said == me:
                return True
            if entity["type"] == "text_mention" and entity["user"]["id"] == self.bot.id:
                return True
            if entity["type"] == "bot_command":
                _, at, name = said.partition("@")
                if f"@{name}" == me or (not at and entity["offset"] == 0):
                    return True
        return False

    def set_bot_status(self, chat: Chat, actor: User, status: str) -> None:
        """Change what the bot is in a chat, and tell it."""
        old, chat.bot_status = chat.bot_status, status
        self.updates.push(
            "my_chat_member",
            {
                "chat": chat.to_json(),
                "from": actor.to_json(),
                "date": self.clock.date(),
                "old_chat_member": member_json(self.bot, old),
                "new_chat_member": member_json(self.bot, status),
            },
        )

    def set_member_status(self, chat: Chat, user: User, status: str) -> None:
        """Change what a person is in a group; only an admin bot that asks for it hears of it."""
        old = chat.statuses.get(user.id, "left")
        chat.statuses[user.id], chat.members[user.id] = status, user
        if chat.bot_status == "administrator":
            self.updates.push(
                "chat_member",
                {
                    "chat": chat.to_json(),
                    "from": user.to_json(),
                    "date": self.clock.date(),
                    "old_chat_member": member_json(user, old),
                    "new_chat_member": member_json(user, status),
                },
            )


_RIGHTS = names(
    "can_manage_chat can_change_info can_delete_messages can_invite_users can_restrict_members "
    "can_pin_messages can_manage_topics can_manage_video_chats can_post_stories can_edit_stories "
    "can_delete_stories"
)


def member_json(user: User, status: str) -> Json:
    """Return a ChatMember; an administrator has every right but that to promote."""
    member: Json = {"user": user.to_json(), "status": status}
    if status == "administrator":
        member |= dict.fromkeys(_RIGHTS, True)
        member |= {"can_promote_members": False, "can_be_edited": False, "is_anonymous": False}
    elif status == "creator":
        member["is_anonymous"] = False
    elif status == "kicked":
        member["until_date"] = 0
    return member
