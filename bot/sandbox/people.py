"""People acting: what a test lets them do to the bot.

Everything takes effect at once and returns what came of it; only waiting for the bot is awaited:
`answer = await anna.private_chat.reply_to(anna.says("Hello"))`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.sandbox.limits.entities import find_entities, utf16_length
from bot.sandbox.limits.pictures import read_size
from bot.sandbox.world.chats import Chat, Message, Topic
from bot.sandbox.world.impossible import ImpossibleError
from bot.sandbox.world.queries import InlineAnswer, InlineQuestion, Press
from bot.sandbox.world.users import ANONYMOUS_ADMIN, User

if TYPE_CHECKING:
    from bot.sandbox.limits.refusals import Json
    from bot.sandbox.world.cloud import Cloud

_MAX_INLINE_QUERY = 256


class Person(User):
    """Somebody with a Telegram account."""

    def __init__(  # noqa: PLR0913 - an account has that many names
        self,
        cloud: Cloud,
        user_id: int,
        first_name: str,
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
    ) -> None:
        """Open an account; the bot does not know of it yet."""
        super().__init__(user_id, first_name, last_name, username, language_code)
        if user_id in cloud.users:
            failure = f"there is somebody with the id {user_id}"
            raise ImpossibleError(failure)
        self._cloud = cloud
        cloud.users[user_id] = self
        self.private_chat = cloud.open_chat("private", user=self)

    def starts(self, parameter: str = "") -> Message:
        """Press START, perhaps by a link that carries a parameter."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", parameter):
            failure = f"no link can carry {parameter!r}"
            raise ImpossibleError(failure)
        return self.says(f"/start {parameter}".strip())

    def says(  # noqa: PLR0913 - a message has that many parts
        self,
        text: str,
        *,
        chat: Chat | None = None,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        quote: str | None = None,
        anonymously: bool = False,
        forwarded_from: User | Chat | str | None = None,
    ) -> Message:
        """Write a text: in the private chat, where `reply_to` is, or in another chat."""
        content = {"text": text, "entities": find_entities(text)}
        extra: Json = {}
        if reply_to and quote:
            before, found, _ = reply_to.text.partition(quote)
            if not found:
                failure = f"{quote!r} is not in {reply_to.text!r}"
                raise ImpossibleError(failure)
            position = utf16_length(before)
            extra["quote"] = {"text": quote, "position": position, "is_manual": True}
        if forwarded_from:
            extra["forward_origin"] = self._origin(forwarded_from)
        return self.sends(
            content, chat=chat, topic=topic, reply_to=reply_to, anonymously=anonymously, extra=extra
        )

    def sends(  # noqa: PLR0913 - a message has that many parts
        self,
        content: Json,
        *,
        chat: Chat | None = None,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        anonymously: bool = False,
        extra: Json | None = None,
    ) -> Message:
        """Send anything: `content` is what the message holds besides sender, chat and date."""
        chat = chat or (reply_to.chat if reply_to else self.private_chat)
        if chat.migrated_to:
            failure = "nobody can write in a group that became a supergroup"
            raise ImpossibleError(failure)
        if chat.type == "channel":
            failure = "use api.posts to write in a channel"
            raise ImpossibleError(failure)
        if chat.user and chat.user is not self:
            failure = "that is somebody else's private chat"
            raise ImpossibleError(failure)
        if chat.user and chat.bot_status == "left":
            chat.bot_status = "member"
        elif chat.user and chat.bot_status == "kicked":
            self.unblocks_bot()
        elif chat.is_group and not anonymously:
            chat.members[self.id] = self
            chat.statuses.setdefault(self.id, "member")
        if topic is None and reply_to and reply_to.chat is chat:
            topic = reply_to.topic
        return self._cloud.post(
            chat,
            ANONYMOUS_ADMIN if anonymously else self,
            content,
            sender_chat=chat if anonymously else None,
            topic=topic,
            reply_to=reply_to,
            extra=extra,
        )

    def sends_photo(
        self,
        caption: str = "",
        *,
        content: bytes = b"\xff\xd8\xff photo",
        mime_type: str = "image/jpeg",
        **where: object,
    ) -> Message:
        """Send a picture."""
        file = self._cloud.files.keep("photos", "photo.jpg", content, mime_type)
        width, height = read_size(content) or (900, 600)
        photo = [
            file.ids() | {"width": width // 10, "height": height // 10},
            file.ids() | {"width": width, "height": height},
        ]
        return self._sends_file({"photo": photo}, caption, where)

    def sends_document(
        self, content: bytes, name: str = "file.txt", caption: str = "", **where: object
    ) -> Message:
        """Send a file."""
        file = self._cloud.files.keep("documents", name, content, "application/octet-stream")
        document = file.ids() | {"file_name": name, "mime_type": file.mime_type}
        return self._sends_file({"document": document}, caption, where)

    def sends_voice(self, **where: object) -> Message:
        """Send a voice message."""
        file = self._cloud.files.keep("voice", "voice.oga", b"OggS voice", "audio/ogg")
        voice = file.ids() | {"duration": 3, "mime_type": file.mime_type}
        return self._sends_file({"voice": voice}, "", where)

    def sends_sticker(self, **where: object) -> Message:
        """Send a sticker."""
        file = self._cloud.files.keep("stickers", "sticker.webp", b"RIFF sticker", "image/webp")
        sticker = file.ids() | {"width": 512, "height": 512, "emoji": "👋", "type": "regular"}
        sticker |= {"is_animated": False, "is_video": False}
        return self._sends_file({"sticker": sticker}, "", where)

    def _sends_file(self, content: Json, caption: str, where: Json) -> Message:
        if caption:
            content |= {"caption": caption, "caption_entities": find_entities(caption)}
        return self.sends(content, **where)

    def forwards(self, message: Message, *, chat: Chat | None = None) -> Message:
        """Forward a message, its sender visible."""
        origin = message.sender or message.sender_chat or "Somebody"
        extra = {"forward_origin": self._origin(origin, message)}
        return self.sends(dict(message.content), chat=chat, extra=extra)

    def _origin(self, author: User | Chat | str, message: Message | None = None) -> Json:
        date = message.date if message else self._cloud.clock.date() - 60
        if isinstance(author, User):
            return {"type": "user", "date": date, "sender_user": author.to_json()}
        if isinstance(author, Chat):
            number = message.message_id if message else 1
            origin = {"type": "channel", "date": date, "message_id": number}
            return origin | {"chat": author.to_json()}
        return {"type": "hidden_user", "date": date, "sender_user_name": author}

    def edits(self, message: Message, text: str | None = None) -> Message:
        """Edit an own message. Without a text its edit is one of those that change nothing."""
        content = message.content
        if text is not None:
            key = "text" if "text" in content else "caption"
            marks = "entities" if key == "text" else "caption_entities"
            content = content | {key: text, marks: find_entities(text)}
        message.replace(content, message.reply_markup)
        self._cloud.announce_edit(message)
        return message

    def deletes(self, message: Message) -> None:
        """Delete a message; bots are not told."""
        message.is_deleted = True
        message.chat.bell.ring()

    def presses(self, message: Message, label: str) -> Press:
        """Press the inline button with this text or callback data; await it for the answer."""
        button = message.button(label)
        if "callback_data" not in button:
            failure = f"nothing calls back from {button}"
            raise ImpossibleError(failure)
        return self.calls_back(message, button["callback_data"])

    def calls_back(self, message: Message, data: str) -> Press:
        """Send callback data whether or not such a button is (still) there."""
        cloud = self._cloud
        query_id = cloud.next_query_id()
        press = Press(query_id, self, message, data, cloud.clock.now())
        cloud.presses[query_id] = press
        query: Json = {"id": query_id, "from": self.to_json(), "data": data}
        if message.inline_message_id:
            query["inline_message_id"] = message.inline_message_id
        elif message.is_deleted:
            query["message"] = {
                "chat": message.chat.to_json(),
                "message_id": message.message_id,
                "date": 0,
            }
        else:
            query["message"] = message.to_json()
        cloud.updates.push("callback_query", query | {"chat_instance": str(hash(message.chat))})
        return press

    def asks_inline(self, query: str, offset: str = "", *, chat: Chat | None = None) -> InlineQuestion:
        """Type "@bot query" in a chat; await it for the results."""
        cloud = self._cloud
        query_id = cloud.next_query_id()
        question = InlineQuestion(query_id, self, query[:_MAX_INLINE_QUERY], offset, cloud.clock.now())
        cloud.inline_questions[query_id] = question
        kind = "sender" if chat in (None, self.private_chat) else chat.type if chat else ""
        cloud.updates.push(
            "inline_query",
            {
                "id": query_id,
                "from": self.to_json(),
                "chat_type": kind,
                "query": question.query,
                "offset": offset,
            },
        )
        return question

    def chooses(
        self,
        answer: InlineAnswer,
        which: int | str = 0,
        *,
        chat: Chat | None = None,
        topic: Topic | None = None,
    ) -> Message:
        """Send an inline result, given by its place or its id."""
        cloud = self._cloud
        by_id = {result["id"]: result for result in answer.results}
        result = answer.results[which] if isinstance(which, int) else by_id[which]
        content = result.get("message", {"text": result.get("title", ""), "entities": []})
        message = self.sends(content, chat=chat, topic=topic, extra={"via_bot": cloud.bot.to_json()})
        chosen: Json = {"from": self.to_json(), "query": answer.question.query}
        chosen["result_id"] = result["id"]
        if result.get("reply_markup"):
            message.reply_markup = result["reply_markup"]
            message.inline_message_id = f"AgAAA{cloud.next_query_id()}"
            cloud.inline_messages[message.inline_message_id] = message
            chosen["inline_message_id"] = message.inline_message_id
        if cloud.inline_feedback:
            cloud.updates.push("chosen_inline_result", chosen)
        return message

    def reacts(self, message: Message, *emojis: str) -> None:
        """Replace the own reaction; the bot hears of it in private chats and where it is admin."""
        old = message.reactions.get(self.id, [])
        new: list[Json] = [{"type": "emoji", "emoji": emoji} for emoji in emojis]
        message.reactions[self.id] = new
        chat = message.chat
        if chat.bot_status == "administrator" or (chat.user and chat.bot_status == "member"):
            self._cloud.updates.push(
                "message_reaction",
                {
                    "chat": chat.to_json(),
                    "message_id": message.message_id,
                    "user": self.to_json(),
                    "date": self._cloud.clock.date(),
                    "old_reaction": old,
                    "new_reaction": new,
                },
            )

    def adds_bot(self, chat: Chat, *, as_admin: bool = False) -> None:
        """Add the bot to a group or channel."""
        status = "administrator" if as_admin or chat.type == "channel" else "member"
        self._cloud.set_bot_status(chat, self, status)
        if chat.is_group:
            self.sends({"new_chat_members": [self._cloud.bot.to_json()]}, chat=chat)

    def removes_bot(self, chat: Chat) -> None:
        """Throw the bot out of a group or channel."""
        if chat.type == "group":
            self.sends({"left_chat_member": self._cloud.bot.to_json()}, chat=chat)
        self._cloud.set_bot_status(chat, self, "kicked")

    def promotes_bot(self, chat: Chat) -> None:
        """Make the bot an admin."""
        self._cloud.set_bot_status(chat, self, "administrator")

    def demotes_bot(self, chat: Chat) -> None:
        """Make the bot an ordinary member again."""
        self._cloud.set_bot_status(chat, self, "member")

    def blocks_bot(self) -> None:
        """Block the bot."""
        self._cloud.set_bot_status(self.private_chat, self, "kicked")

    def unblocks_bot(self) -> None:
        """Let the bot write again."""
        self._cloud.set_bot_status(self.private_chat, self, "member")

    def deletes_account(self) -> None:
        """Be gone from Telegram."""
        self._cloud.deactivated.add(self.id)

    def joins(self, chat: Chat, status: str = "member") -> None:
        """Join a group."""
        self._cloud.set_member_status(chat, self, status)
        self.sends({"new_chat_members": [self.to_json()]}, chat=chat)
