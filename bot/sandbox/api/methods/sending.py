"""Methods that put messages into chats: sendMessage, sendDocument, sendPhoto, copyMessage, forwardMessage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.limits.composing import (
    compose,
    read_caption,
    read_link_preview,
    read_text,
)
from bot.sandbox.limits.entities import utf16_length
from bot.sandbox.limits.keyboards import read_reply_markup
from bot.sandbox.limits.parameters import Parameters, Upload, json_object, names
from bot.sandbox.limits.pictures import checked_size
from bot.sandbox.limits.refusals import Json, refuse, refuse_here

if TYPE_CHECKING:
    from bot.sandbox.limits.formatting import FormattedText
    from bot.sandbox.world.chats import Chat, Message
    from bot.sandbox.world.cloud import Cloud
    from bot.sandbox.world.files import File

_REPLY_FIELDS = names(
    "message_id chat_id allow_sending_without_reply quote quote_parse_mode quote_entities "
    "quote_position checklist_task_id poll_option_id"
)
_MAX_QUOTE = 1024


def send_message(cloud: Cloud, parameters: Parameters) -> Json:
    """Send a text."""
    text = read_text(parameters)
    preview = read_link_preview(parameters)
    content = text_content(cloud, text)
    if preview:
        content["link_preview_options"] = preview
    return _send(cloud, parameters, content).to_json()


def send_document(cloud: Cloud, parameters: Parameters) -> Json:
    """Send a file, and keep its bytes."""
    return _send_file(cloud, parameters, "document")


def send_photo(cloud: Cloud, parameters: Parameters) -> Json:
    """Send a picture, and keep its bytes."""
    return _send_file(cloud, parameters, "photo")


def read_media(cloud: Cloud, parameters: Parameters, media: Json) -> tuple[Json, bytes]:
    """Return the fields of a message for a picture or a file of editMessageMedia, and its bytes."""
    kind = media.get("type")
    if kind not in _READERS:
        refuse_here(f"media of the type {kind!r}")
    file = _read_file(cloud, Parameters(parameters.values | {kind: media.get("media")}), kind)
    return _file_content(cloud, file, kind, Parameters(media)), file.content


def _send_file(cloud: Cloud, parameters: Parameters, kind: str) -> Json:
    file = _read_file(cloud, parameters, kind)
    message = _send(cloud, parameters, _file_content(cloud, file, kind, parameters))
    message.file = file.content
    return message.to_json()


def _file_content(cloud: Cloud, file: File, kind: str, captioned: Parameters) -> Json:
    return _READERS[kind](file) | caption_content(cloud, read_caption(captioned))


def _document(file: File) -> Json:
    return {"document": file.ids() | {"file_name": file.name, "mime_type": file.mime_type}}


def _photo(file: File) -> Json:
    width, height = checked_size(file.content)
    return {"photo": [file.ids() | {"width": width, "height": height}]}


_READERS = {"document": _document, "photo": _photo}


def _read_file(cloud: Cloud, parameters: Parameters, kind: str) -> File:
    """Return the file of a call: uploaded with it, or known by its id."""
    given = parameters.json(kind)
    if given is None:
        refuse(f"there is no {kind} in the request")
    if isinstance(given, str) and given.startswith("attach://"):
        given = parameters.json(given.removeprefix("attach://"))
    if isinstance(given, Upload):
        if not given.content:
            refuse("file must be non-empty")
        return cloud.files.keep(f"{kind}s", given.name, given.content, given.mime_type)
    known = cloud.files.by_id(str(given))
    if known is None:
        refuse("wrong file identifier/HTTP URL specified")
    return known


def forward_message(cloud: Cloud, parameters: Parameters) -> Json:
    """Send a message on, saying where it comes from."""
    source = _source(cloud, parameters, "message to forward not found")
    origin: Json = {"type": "user", "date": source.date}
    if source.sender:
        origin["sender_user"] = source.sender.to_json()
    elif source.sender_chat:
        origin |= {"type": "channel", "chat": source.sender_chat.to_json()}
        origin["message_id"] = source.message_id
    message = _send(cloud, parameters, dict(source.content), {"forward_origin": origin})
    message.file = source.file
    return message.to_json()


def copy_message(cloud: Cloud, parameters: Parameters) -> Json:
    """Send a message again as the bot's own."""
    source = _source(cloud, parameters, "message to copy not found")
    content = dict(source.content)
    if parameters.has("caption") and "text" not in content:
        content.pop("caption_entities", None)
        content |= caption_content(cloud, read_caption(parameters))
    message = _send(cloud, parameters, content)
    message.file = source.file
    return {"message_id": message.message_id}


def text_content(cloud: Cloud, text: FormattedText) -> Json:
    """Return the fields of a message for its text."""
    return {"text": text.text, "entities": _with_users(cloud, text.entities)}


def caption_content(cloud: Cloud, caption: FormattedText) -> Json:
    """Return the fields of a message for its caption."""
    if not caption.text:
        return {}
    return {"caption": caption.text, "caption_entities": _with_users(cloud, caption.entities)}


def _with_users(cloud: Cloud, entities: list[Json]) -> list[Json]:
    """Name the people mentioned; a mention of somebody unknown is dropped, as Telegram does."""
    named = []
    for entity in entities:
        if entity["type"] == "text_mention":
            user = cloud.users.get(entity["user"]["id"])
            if user is None:
                continue
            named.append(entity | {"user": user.to_json()})
        else:
            named.append(entity)
    return named


def _source(cloud: Cloud, parameters: Parameters, not_found: str) -> Message:
    chat = cloud.readable_chat(parameters.json("from_chat_id"))
    source = chat.message(parameters.integer("message_id"))
    if source is None:
        refuse(not_found)
    return source


def _send(cloud: Cloud, parameters: Parameters, content: Json, extra: Json | None = None) -> Message:
    markup = read_reply_markup(parameters)
    chat = cloud.writable_chat(parameters.json("chat_id"))
    topic = cloud.topic(chat, parameters.integer("message_thread_id"))
    reply_to, quote = _read_reply(cloud, chat, parameters)
    return cloud.post(
        chat,
        None if chat.type == "channel" else cloud.bot,
        content,
        sender_chat=chat if chat.type == "channel" else None,
        topic=topic,
        reply_to=reply_to,
        reply_markup=markup,
        extra=quote | (extra or {}),
        is_from_bot=True,
    )


def _read_reply(cloud: Cloud, chat: Chat, parameters: Parameters) -> tuple[Message | None, Json]:
    """Return the message replied to and what of it is quoted."""
    value = parameters.json("reply_parameters")
    if value is None:
        return None, {}
    reply = json_object(value, "reply_parameters", _REPLY_FIELDS)
    if not reply:
        return None, {}
    if not isinstance(reply.get("message_id"), int):
        refuse('Can\'t find field "message_id"')
    other = chat if reply.get("chat_id") is None else cloud.readable_chat(reply["chat_id"])
    found = other.message(reply["message_id"])
    if found is None:
        if reply.get("allow_sending_without_reply") is True:
            return None, {}
        refuse("message to be replied not found")
    if not reply.get("quote"):
        return found, {}
    return found, {"quote": _quoted(reply, found)}


def _quoted(reply: Json, message: Message) -> Json:
    quote = compose(
        reply["quote"],
        reply.get("quote_parse_mode", ""),
        reply.get("quote_entities"),
        too_long="QUOTE_TEXT_INVALID",
        limit=_MAX_QUOTE,
    )
    place = message.text.find(quote.text)
    if place < 0:
        refuse("QUOTE_TEXT_INVALID")
    if not isinstance(reply.get("quote_position", 0), int):
        refuse_here('field "quote_position" must be of type Number')
    return {"text": quote.text, "position": utf16_length(message.text[:place]), "is_manual": True}
