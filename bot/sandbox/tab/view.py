"""What somebody sees at a place, as JSON for the page. It changes nothing.

Texts go out with their entities, as the Bot API has them; the page builds elements from these.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.limits.parameters import Upload
from bot.sandbox.world.users import User

if TYPE_CHECKING:
    from bot.sandbox.api.serving import Call
    from bot.sandbox.limits.refusals import Json
    from bot.sandbox.people import Person
    from bot.sandbox.scene import Place, Scene
    from bot.sandbox.world.bot_profile import Bot
    from bot.sandbox.world.chats import Message

_SHOWN_MESSAGES = 300
_PREVIEW_CHARACTERS = 80
_PARAMETER_CHARACTERS = 4000
_COLOURS = 7
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BUTTON_KINDS = (
    "callback_data",
    "url",
    "switch_inline_query_current_chat",
    "switch_inline_query",
    "copy_text",
)
# In which order Telegram's apps look for the commands of a chat.
_PRIVATE_SCOPES = ("chat {chat}", "all_private_chats", "default")
_GROUP_SCOPES = ("chat_member {chat} {user}", "chat {chat}", "all_group_chats", "default")
_ADMIN_SCOPES = (
    "chat_member {chat} {user}",
    "chat_administrators {chat}",
    "chat {chat}",
    "all_chat_administrators",
    "all_group_chats",
    "default",
)


@dataclass(frozen=True)
class Viewer:
    """Who looks, and where they are."""

    person: Person
    place: Place

    def messages(self) -> list[Message]:
        """Return the latest messages of the place, deleted ones too."""
        history = self.place.chat.history
        if self.place.topic:
            history = [message for message in history if message.topic is self.place.topic]
        return history[-_SHOWN_MESSAGES:]

    def describe(self, message: Message) -> Json:
        """Return a message as the viewer sees it."""
        if message.is_deleted:
            return {"id": message.message_id, "deleted": True}
        sender = message.sender
        shown: Json = {
            "id": message.message_id,
            "mine": sender is self.person,
            "bot": message.is_from_bot,
            "name": sender.name if sender else "",
            "colour": sender.id % _COLOURS if sender else 0,
            "date": message.date,
            "text": message.text,
            "entities": message.entities,
            # Other buttons alone are not called an edit by Telegram's apps.
            "edited": any(earlier.content != message.content for earlier in message.edits),
            "rows": [
                [_describe_button(button) for button in row]
                for row in (message.reply_markup or {}).get("inline_keyboard", [])
            ],
        }
        if message.reply_to and not message.reply_to.is_deleted:
            shown["reply"] = _describe_reply(message, message.reply_to)
        if via := message.extra.get("via_bot"):
            shown["via"] = via["username"]
        if file := describe_file(message.content):
            shown["file"] = file
        if note := _describe_service(message.content):
            shown["service"] = note
        return shown


def describe_frame(scene: Scene, viewer: Viewer) -> Json:
    """Return everything around the messages."""
    api, person, place = scene.api, viewer.person, viewer.place
    language = person.language_code or ""
    chat = place.chat
    action = chat.actions[-1] if chat.actions else None
    typing = action["at"] if action and action["message_thread_id"] == _topic_id(place) else None
    return {
        "person": next(key for key, one in scene.people.items() if one is person),
        "place": place.key,
        "people": [
            {"key": key, "name": one.name, "language": one.language_code, "admin": one is scene.admin}
            for key, one in scene.people.items()
        ],
        "places": [_describe_place(one) for one in scene.places(person)],
        "bot": {
            "name": api.bot.name_in(language),
            "username": api.bot.username,
            "description": api.bot.description_in(language),
        },
        "running": api.updates.is_polled or any(call.method == "getUpdates" for call in api.calls),
        "started": chat.user is None or chat.bot_status == "member",
        "commands": find_commands(api.bot, viewer),
        "typing": typing,
        "faults": [
            {"method": plan.method, "left": None if plan.times is None else plan.times - plan.count}
            for plan in api.failures.active
        ],
    }


def find_commands(bot: Bot, viewer: Viewer) -> list[Json]:
    """Return the commands that Telegram's apps would offer the viewer."""
    chat, person = viewer.place.chat, viewer.person
    scopes: tuple[str, ...] = _PRIVATE_SCOPES
    if not chat.user:
        is_admin = chat.statuses.get(person.id) in ("administrator", "creator")
        scopes = _ADMIN_SCOPES if is_admin else _GROUP_SCOPES
    for scope in scopes:
        key = scope.format(chat=chat.id, user=person.id)
        for language in (person.language_code or "", ""):
            if found := bot.commands.get((key, language)):
                return found
    return []


def describe_call(number: int, call: Call) -> Json:
    """Return a call of the bot, its parameters as text."""
    parameters = {
        name: f"{value.name}, {len(value.content)} bytes" if isinstance(value, Upload) else value
        for name, value in call.parameters.items()
    }
    text = json.dumps(parameters, ensure_ascii=False, indent=1)
    if len(text) > _PARAMETER_CHARACTERS:
        text = f"{text[:_PARAMETER_CHARACTERS]}…"
    return {
        "number": number,
        "method": call.method,
        "at": call.at,
        "parameters": text,
        "finished": call.is_finished,
        "error": call.error,
    }


def describe_file(content: Json) -> Json | None:
    """Return the picture or file in a message."""
    if photos := content.get("photo"):
        largest = photos[-1]
        size = {"width": largest["width"], "height": largest["height"]}
        return size | {"id": largest["file_id"], "name": "", "size": largest["file_size"], "picture": True}
    for kind in ("document", "voice", "sticker"):
        if file := content.get(kind):
            name = file.get("file_name", kind)
            return {"id": file["file_id"], "name": name, "size": file["file_size"], "picture": False}
    return None


def is_picture(mime_type: str) -> bool:
    """Tell whether a browser may show a file of this type within the page."""
    return mime_type in _PICTURES


def _topic_id(place: Place) -> int | None:
    return place.topic.id if place.topic else None


def _describe_place(place: Place) -> Json:
    messages = place.chat.messages
    if place.topic:
        messages = [message for message in messages if message.topic is place.topic]
    last = next((message for message in reversed(messages) if message.text), None)
    preview = f"{last.sender.name}: {last.text}" if last and last.sender else ""
    kind = "private" if place.chat.user else "topic" if place.topic else "group"
    return {
        "key": place.key,
        "kind": kind,
        "title": place.title,
        "of": place.chat.title if place.topic else None,
        "preview": preview[:_PREVIEW_CHARACTERS],
        "members": len(place.chat.members) + 1,
    }


def _describe_button(button: Json) -> Json:
    kind = next((kind for kind in _BUTTON_KINDS if kind in button), "other")
    shown: Json = {"text": button["text"], "kind": kind}
    if kind == "copy_text":
        return shown | {"value": button[kind]["text"]}
    return shown if kind in ("callback_data", "other") else shown | {"value": button[kind]}


def _describe_reply(message: Message, other: Message) -> Json:
    quote = message.extra.get("quote", {}).get("text")
    text = quote or other.text or next(iter(other.content), "")
    name = other.sender.name if isinstance(other.sender, User) else ""
    return {"id": other.message_id, "name": name, "text": text, "quote": bool(quote)}


def _describe_service(content: Json) -> Json | None:
    if members := content.get("new_chat_members"):
        return {"kind": "joined", "name": members[0]["first_name"]}
    if member := content.get("left_chat_member"):
        return {"kind": "left", "name": member["first_name"]}
    if topic := content.get("forum_topic_created"):
        return {"kind": "topic", "name": topic["name"]}
    return None
