"""Reply markup: the buttons a bot attaches, checked as Telegram checks them.

Inline keyboards are checked in full; of the other three kinds only the shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.limits.formatting import checked_link
from bot.sandbox.limits.parameters import json_object, names
from bot.sandbox.limits.refusals import Json, refuse, refuse_here

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters, Value

_MAX_BUTTONS = 100
_MAX_CALLBACK_DATA_BYTES = 64
_MAX_COPIED_CHARACTERS = 256
_KINDS = names(
    "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat "
    "switch_inline_query_chosen_chat copy_text callback_game pay"
)
_BUTTON_FIELDS = _KINDS | {"text", "style", "icon_custom_emoji_id"}
_INLINE_FIELDS = names("inline_keyboard")
_OTHER_FIELDS = names(
    "keyboard is_persistent resize_keyboard one_time_keyboard input_field_placeholder selective "
    "remove_keyboard force_reply"
)


def read_reply_markup(parameters: Parameters) -> Json | None:
    """Return the reply markup of a call, checked; None where there is none or no button in it."""
    return checked_markup(parameters.json("reply_markup"))


def read_inline_keyboard(parameters: Parameters) -> Json | None:
    """Return the reply markup of an edit, which can only be an inline keyboard."""
    markup = read_reply_markup(parameters)
    if markup is not None and "inline_keyboard" not in markup:
        refuse("inline keyboard expected")
    return markup


def checked_markup(value: Value) -> Json | None:
    """Return reply markup that Telegram would accept, or raise its refusal."""
    if value is None:
        return None
    markup = json_object(value, "reply_markup", _INLINE_FIELDS | _OTHER_FIELDS)
    if "inline_keyboard" not in markup:
        return markup or None
    json_object(value, "reply_markup", _INLINE_FIELDS)
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        refuse('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    if sum(len(row) for row in rows) > _MAX_BUTTONS:
        refuse("reply markup is too long")
    checked = [[_checked_button(button) for button in row] for row in rows if row]
    return {"inline_keyboard": checked} if checked else None


def _checked_button(value: Value) -> Json:
    where = "can't parse inline keyboard button: "
    if not isinstance(value, dict):
        refuse(f"{where}InlineKeyboardButton must be an Object")
    button = json_object(value, "InlineKeyboardButton", _BUTTON_FIELDS)
    if not isinstance(button.get("text"), str):
        refuse(f'{where}Can\'t find field "text"')
    kinds = [kind for kind in _KINDS if button.get(kind) or (kind in button and "switch" in kind)]
    if not kinds:
        refuse(f"{where}Text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        refuse_here(f"a button with {' and '.join(sorted(kinds))}")
    if not button["text"].strip():
        refuse("inline keyboard button text must be non-empty")
    return button | _checked_action(kinds[0], button[kinds[0]])


def _checked_action(kind: str, value: Value) -> Json:
    if kind == "callback_data":
        if not isinstance(value, str) or len(value.encode()) > _MAX_CALLBACK_DATA_BYTES:
            refuse("BUTTON_DATA_INVALID")
    elif kind == "url":
        link = checked_link(str(value))
        if link is None:
            refuse(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
        return {"url": link}
    elif kind == "copy_text":
        copied = json_object(value, "CopyTextButton", frozenset({"text"})).get("text")
        if not isinstance(copied, str) or not 0 < len(copied) <= _MAX_COPIED_CHARACTERS:
            refuse("BUTTON_COPY_TEXT_INVALID")
    return {}
