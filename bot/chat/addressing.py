"""Whether a message is for the bot, who asks, and the question without the bot's name.

In a group the bot answers only when addressed: named by its username, or replied to. Telegram
marks names with entities, so a name inside another word or an e-mail address counts for nothing.
It does not answer anything.
"""

from collections.abc import Callable

from telegram import Message, MessageEntity, User
from telegram.ext.filters import MessageFilter

_NAMES = (MessageEntity.MENTION, MessageEntity.TEXT_MENTION)
_AFTER_NAME = " ,:;–—-"


class Addressed(MessageFilter):
    """Admits a message that names the bot or replies to it, unless another bot wrote it."""

    def filter(self, message: Message) -> bool:
        """Tell whether the message is for the bot."""
        return not _is_from_bot(message) and (is_reply_to_bot(message) or bool(_find_names(message)))


class RepliesTo(MessageFilter):
    """Admits a reply to those messages of the bot to which something applies."""

    def __init__(self, applies: Callable[[Message], bool]) -> None:
        super().__init__()
        self._applies = applies

    def filter(self, message: Message) -> bool:
        """Tell whether the message replies to one of them."""
        replied = message.reply_to_message
        return replied is not None and is_reply_to_bot(message) and self._applies(replied)


def read_question(message: Message) -> str:
    """Return what a text or a caption asks, without the bot's name and needless white space."""
    encoded = _encode(message)
    for name in sorted(_find_names(message), key=lambda entity: entity.offset, reverse=True):
        encoded = encoded[: 2 * name.offset] + encoded[2 * (name.offset + name.length) :]
    # Half a character can be neither searched for nor stored.
    text = encoded.decode("utf-16-le", "replace")
    return " ".join(text.split()).lstrip(_AFTER_NAME)


def read_replied_text(message: Message) -> str:
    """Return the text of the message that this one replies to; nothing if that is one of the bot's."""
    replied = message.reply_to_message
    if replied is None or is_reply_to_bot(message):
        return ""
    return " ".join(make_whole(replied.text or replied.caption or "").split())


def make_whole(text: str) -> str:
    """Replace halves of characters, which no valid message has."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def find_asker(message: Message) -> User | None:
    """Return the person who wrote a message; an anonymous admin and a channel are nobody in particular."""
    return message.from_user if message.sender_chat is None else None


def is_reply_to_bot(message: Message) -> bool:
    """Tell whether a message replies to one of the bot's."""
    replied = message.reply_to_message
    if replied is None or replied.from_user is None or replied.forum_topic_created is not None:
        # Every message of a topic replies to the one that created it.
        return False
    return replied.from_user.id == message.get_bot().id


def _find_names(message: Message) -> list[MessageEntity]:
    """Return the places where the bot is named."""
    bot = message.get_bot()
    handle = f"@{bot.username}".casefold()
    encoded = _encode(message)
    names = []
    for entity in message.entities if message.text else message.caption_entities:
        marked = encoded[2 * entity.offset : 2 * (entity.offset + entity.length)]
        is_handle = marked.decode("utf-16-le", "replace").casefold() == handle
        is_user = entity.user is not None and entity.user.id == bot.id
        if entity.type in _NAMES and (is_handle or is_user):
            names.append(entity)
    return names


def _encode(message: Message) -> bytes:
    """Return what a message says as offsets of entities count it: in UTF-16 units, of two bytes each."""
    return (message.text or message.caption or "").encode("utf-16-le", "surrogatepass")


def _is_from_bot(message: Message) -> bool:
    """Tell whether another bot wrote it; an anonymous admin or a channel writes through one."""
    return message.from_user is not None and message.from_user.is_bot and message.sender_chat is None
