"""Methods that change what is already there: editMessage…, deleteMessage, setMessageReaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.api.methods.sending import caption_content, read_media, text_content
from bot.sandbox.limits.composing import read_caption, read_link_preview, read_text
from bot.sandbox.limits.keyboards import read_inline_keyboard
from bot.sandbox.limits.parameters import json_object, names
from bot.sandbox.limits.refusals import NOT_MODIFIED, Json, refuse, refuse_here

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters
    from bot.sandbox.world.chats import Message
    from bot.sandbox.world.cloud import Cloud

REACTIONS = names(
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 "
    "❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 "
    "🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 "
    "💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
_MEDIA_FIELDS = names(
    "type media thumbnail caption parse_mode caption_entities show_caption_above_media has_spoiler "
    "disable_content_type_detection"
)
_DELETABLE_SECONDS = 48 * 3600


def edit_message_text(cloud: Cloud, parameters: Parameters) -> Json | bool:
    """Give a message another text and other buttons."""
    text = read_text(parameters, too_long="MESSAGE_TOO_LONG")
    preview = read_link_preview(parameters)
    message = _message_to_edit(cloud, parameters)
    if "text" not in message.content:
        refuse("there is no text in the message to edit")
    content = text_content(cloud, text)
    if preview:
        content["link_preview_options"] = preview
    return _replace(message, content, parameters)


def edit_message_caption(cloud: Cloud, parameters: Parameters) -> Json | bool:
    """Give a file another caption and other buttons."""
    caption = read_caption(parameters)
    message = _message_to_edit(cloud, parameters)
    if "text" in message.content:
        refuse("there is no caption in the message to edit")
    left = {key: value for key, value in message.content.items() if "caption" not in key}
    return _replace(message, left | caption_content(cloud, caption), parameters)


def edit_message_media(cloud: Cloud, parameters: Parameters) -> Json | bool:
    """Put another picture or file, with its caption, in the place of what a message holds."""
    media = json_object(parameters.json("media"), "media", _MEDIA_FIELDS)
    message = _message_to_edit(cloud, parameters)
    content, file = read_media(cloud, parameters, media)
    edited = _replace(message, content, parameters)
    message.file = file
    return edited


def edit_message_reply_markup(cloud: Cloud, parameters: Parameters) -> Json | bool:
    """Give a message other buttons, or none."""
    message = _message_to_edit(cloud, parameters)
    return _replace(message, message.content, parameters)


def delete_message(cloud: Cloud, parameters: Parameters) -> bool:
    """Delete a message: the bot's own, anybody's in a private chat, everybody's as an admin."""
    chat = cloud.writable_chat(parameters.json("chat_id"))
    if not parameters.has("message_id"):
        refuse("message identifier is not specified")
    message = chat.message(parameters.integer("message_id"))
    if message is None:
        refuse("message to delete not found")
    is_own = message.is_from_bot or chat.user
    is_recent = message.date > cloud.clock.now() - _DELETABLE_SECONDS
    if chat.bot_status != "administrator" and not (is_own and is_recent):
        refuse("message can't be deleted for everyone")
    message.is_deleted = True
    chat.bell.ring()
    return True


def set_message_reaction(cloud: Cloud, parameters: Parameters) -> bool:
    """React to a message, or take the reaction back."""
    chat = cloud.writable_chat(parameters.json("chat_id"))
    message = chat.message(parameters.integer("message_id"))
    if message is None:
        refuse("message to react not found")
    wanted = parameters.json("reaction") or []
    if not isinstance(wanted, list):
        refuse("expected an Array of ReactionType")
    if len(wanted) > 1:
        refuse("REACTIONS_TOO_MANY")
    for reaction in wanted:
        if not isinstance(reaction, dict) or reaction.get("type") != "emoji":
            refuse("can't parse ReactionType: invalid reaction type specified")
        if str(reaction.get("emoji")).replace("\ufe0f", "") not in REACTIONS:
            refuse("REACTION_INVALID")
    message.reactions[cloud.bot.id] = wanted
    chat.bell.ring()
    return True


def _message_to_edit(cloud: Cloud, parameters: Parameters) -> Message:
    if parameters.has("inline_message_id"):
        if parameters.has("chat_id") or parameters.has("message_id"):
            refuse_here("inline_message_id together with chat_id or message_id")
        inline = cloud.inline_messages.get(parameters.text("inline_message_id"))
        if inline is None or inline.is_deleted:
            refuse("MESSAGE_ID_INVALID")
        return inline
    if not parameters.has("chat_id") and not parameters.has("message_id"):
        refuse("message identifier is not specified")
    chat = cloud.writable_chat(parameters.json("chat_id"))
    message = chat.message(parameters.integer("message_id"))
    if message is None:
        refuse("message to edit not found")
    has_other_markup = message.reply_markup and "inline_keyboard" not in message.reply_markup
    is_forwarded = "forward_origin" in message.extra
    is_own = message.is_from_bot or message.sender_chat is chat
    if not is_own or has_other_markup or is_forwarded:
        refuse("message can't be edited")
    return message


def _replace(message: Message, content: Json, parameters: Parameters) -> Json | bool:
    markup = read_inline_keyboard(parameters)
    if (content, markup) == (message.content, message.reply_markup):
        refuse(NOT_MODIFIED)
    message.replace(content, markup)
    return True if parameters.has("inline_message_id") else message.to_json()
