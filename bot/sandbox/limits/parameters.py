"""The parameters of a call: decoded from any encoding, checked against the method's list.

Telegram ignores a parameter it does not know, so that a typo goes unnoticed; here it is refused.
Values arrive as text (a form) or as JSON values (a JSON body) and leave typed, by their name: one
name means one type in the whole Bot API.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl

from aiohttp.web import FileField

from bot.sandbox.limits.refusals import Json, bad_request, refuse, refuse_here

if TYPE_CHECKING:
    from aiohttp import web


def names(spaced: str) -> frozenset[str]:
    """Return the words of a text as a set, which reads better than a column of strings."""
    return frozenset(spaced.split())


_TEXTS = names(
    "action callback_query_id caption custom_title description emoji inline_message_id "
    "inline_query_id ip_address language_code message_effect_id name next_offset parse_mode "
    "secret_token short_description text url business_connection_id file_id"
)
_INTEGERS = names(
    "cache_time direct_messages_topic_id limit max_connections message_id message_thread_id offset "
    "timeout user_id video_start_timestamp"
)
_FLAGS = names(
    "allow_paid_broadcast disable_content_type_detection disable_notification drop_pending_updates "
    "has_spoiler is_big is_personal protect_content show_alert show_caption_above_media"
)
_CHATS = frozenset({"chat_id", "from_chat_id"})
_FILES = frozenset({"document", "photo", "thumbnail", "certificate"})
_NAME_IN_REFUSAL = {
    "reply_markup": "reply keyboard markup",
    "link_preview_options": "link preview options",
    "reply_parameters": "reply parameters",
    "scope": "BotCommandScope",
    "button": "inline query results button",
    "reaction": "reaction types",
}
_DROPPED_SPELLINGS = {
    "disable_web_page_preview": "link_preview_options",
    "reply_to_message_id": "reply_parameters",
    "allow_sending_without_reply": "reply_parameters",
}


@dataclass(frozen=True)
class Upload:
    """A file sent as multipart form data."""

    name: str
    content: bytes
    mime_type: str


Value: TypeAlias = Any
"""A decoded parameter: text, integer, flag, JSON value or `Upload`, by its name."""


class Parameters:
    """The decoded parameters of one call."""

    def __init__(self, values: dict[str, Value]) -> None:
        """Take values that `decode` has typed."""
        self.values = values

    def text(self, name: str) -> str:
        """Return a text, empty where there is none."""
        return str(self.values.get(name, ""))

    def integer(self, name: str, default: int = 0) -> int:
        """Return an integer."""
        return int(self.values.get(name, default))

    def flag(self, name: str) -> bool:
        """Return a flag, off where there is none."""
        return bool(self.values.get(name, False))

    def json(self, name: str) -> Value:
        """Return a JSON value, None where there is none."""
        return self.values.get(name)

    def has(self, name: str) -> bool:
        """Tell whether the call names the parameter."""
        return name in self.values


async def read_raw(request: web.Request) -> dict[str, Value]:
    """Return the parameters of a request as they came: from the address and from the body."""
    raw: dict[str, Value] = dict(request.query)
    if request.method == "GET":
        return raw
    kind = request.content_type
    if kind == "application/x-www-form-urlencoded":
        raw.update(parse_qsl((await request.read()).decode(), keep_blank_values=True))
    elif kind == "application/json":
        body = await request.read()
        try:
            values = json.loads(body or b"{}")
        except ValueError as error:
            reason = "can't parse the JSON body"
            raise bad_request(reason) from error
        raw.update({name: value for name, value in values.items() if value is not None})
    elif kind == "multipart/form-data":
        for name, field in (await request.post()).items():
            raw[name] = field
            if isinstance(field, FileField):
                raw[name] = Upload(field.filename, field.file.read(), field.content_type)
    return raw


def decode(method: str, known: frozenset[str], raw: dict[str, Value]) -> Parameters:
    """Return typed parameters, or refuse a wrong one."""
    values: dict[str, Value] = {}
    for name, value in raw.items():
        if name not in known and not isinstance(value, Upload):
            instead = _DROPPED_SPELLINGS.get(name)
            hint = f", use {instead}" if instead and instead in known else ""
            refuse_here(f'unknown parameter "{name}" of {method}{hint}')
        if value != "":
            values[name] = _typed(name, value)
    return Parameters(values)


def _typed(name: str, value: Value) -> Value:
    if name in _TEXTS and not isinstance(value, str):
        _refuse_value(name, value, "text")
    if isinstance(value, Upload):
        return value
    if isinstance(value, str):
        _check_unicode(value)
    if name in _TEXTS | _FILES:
        return value
    if name in _CHATS and isinstance(value, str) and value.startswith("@"):
        return value
    if name in _INTEGERS | _CHATS:
        return _integer(name, value)
    if name in _FLAGS:
        spelt = str(value).lower()
        if spelt not in ("true", "false", "1", "0"):
            _refuse_value(name, value, "true or false")
        return spelt in ("true", "1")
    return _json(name, value)


def _json(name: str, value: Value) -> Value:
    try:
        decoded = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        reason = f"can't parse {_NAME_IN_REFUSAL.get(name, name)} JSON object"
        raise bad_request(reason) from error
    if not isinstance(value, str) or "\\ud" in value.lower():
        _check_unicode(json.dumps(decoded, ensure_ascii=False))
    return decoded


def _check_unicode(text: str) -> None:
    """Refuse halves of surrogate pairs, which JSON can smuggle in."""
    try:
        text.encode()
    except UnicodeEncodeError:
        refuse("strings must be encoded in UTF-8")


def _integer(name: str, value: Value) -> int:
    if not re.fullmatch(r"-?\d+", str(value)):
        _refuse_value(name, value, "an integer")
    return int(str(value))


def _refuse_value(name: str, value: Value, wanted: str) -> NoReturn:
    refuse_here(f'parameter "{name}" must be {wanted}, not {value!r}')


def json_object(value: Value, name: str, known: frozenset[str]) -> Json:
    """Return a JSON value that must be an object with no other fields than these."""
    label = _NAME_IN_REFUSAL.get(name, name)
    if not isinstance(value, dict):
        refuse(f"object expected as {label}")
    if unknown := sorted(value.keys() - known):
        refuse_here(f'unknown field "{unknown[0]}" in {label}')
    return value
