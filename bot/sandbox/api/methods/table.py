"""All methods this server knows, each with the parameters of the Bot API's reference (10.0)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.sandbox.api.methods import answering, changing, places, polling, profile, sending
from bot.sandbox.limits.parameters import Parameters
from bot.sandbox.world.cloud import Cloud

Handler: TypeAlias = Callable[[Cloud, Parameters], Any] | Callable[[Cloud, Parameters], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """A method: its name as documented, what carries it out, and the parameters it takes."""

    name: str
    handler: Handler
    parameters: frozenset[str]


_SENDING = (
    "chat_id message_thread_id direct_messages_topic_id disable_notification protect_content "
    "allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters "
    "reply_markup business_connection_id"
)
_EDITING = "business_connection_id chat_id message_id inline_message_id reply_markup"
_CAPTION = "caption parse_mode caption_entities show_caption_above_media"
_COMMANDS = "scope language_code"
_WEBHOOK = "url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token"
_LIST: tuple[tuple[str, Handler, str], ...] = (
    ("getMe", profile.get_me, ""),
    ("logOut", polling.log_out, ""),
    ("close", polling.close, ""),
    ("getUpdates", polling.get_updates, "offset limit timeout allowed_updates"),
    ("setWebhook", polling.set_webhook, _WEBHOOK),
    ("deleteWebhook", polling.set_webhook, "drop_pending_updates"),
    ("getWebhookInfo", polling.get_webhook_info, ""),
    (
        "sendMessage",
        sending.send_message,
        f"{_SENDING} text parse_mode entities link_preview_options",
    ),
    (
        "sendDocument",
        sending.send_document,
        f"{_SENDING} {_CAPTION} document thumbnail disable_content_type_detection",
    ),
    ("sendPhoto", sending.send_photo, f"{_SENDING} {_CAPTION} photo has_spoiler"),
    (
        "copyMessage",
        sending.copy_message,
        f"{_SENDING} {_CAPTION} from_chat_id message_id video_start_timestamp",
    ),
    (
        "forwardMessage",
        sending.forward_message,
        (
            "chat_id message_thread_id direct_messages_topic_id from_chat_id video_start_timestamp "
            "disable_notification protect_content message_effect_id suggested_post_parameters "
            "message_id"
        ),
    ),
    (
        "editMessageText",
        changing.edit_message_text,
        f"{_EDITING} text parse_mode entities link_preview_options",
    ),
    ("editMessageCaption", changing.edit_message_caption, f"{_EDITING} {_CAPTION}"),
    ("editMessageMedia", changing.edit_message_media, f"{_EDITING} media"),
    ("editMessageReplyMarkup", changing.edit_message_reply_markup, _EDITING),
    ("deleteMessage", changing.delete_message, "chat_id message_id"),
    (
        "setMessageReaction",
        changing.set_message_reaction,
        "chat_id message_id reaction is_big",
    ),
    (
        "sendChatAction",
        places.send_chat_action,
        "business_connection_id chat_id message_thread_id action",
    ),
    (
        "answerCallbackQuery",
        answering.answer_callback_query,
        "callback_query_id text show_alert url cache_time",
    ),
    (
        "answerInlineQuery",
        answering.answer_inline_query,
        "inline_query_id results cache_time is_personal next_offset button",
    ),
    ("setMyCommands", profile.set_my_commands, f"commands {_COMMANDS}"),
    ("getMyCommands", profile.get_my_commands, _COMMANDS),
    ("deleteMyCommands", profile.delete_my_commands, _COMMANDS),
    ("setMyName", profile.set_my_name, "name language_code"),
    ("getMyName", profile.get_my_name, "language_code"),
    ("setMyDescription", profile.set_my_description, "description language_code"),
    ("getMyDescription", profile.get_my_description, "language_code"),
    (
        "setMyShortDescription",
        profile.set_my_short_description,
        "short_description language_code",
    ),
    ("getMyShortDescription", profile.get_my_short_description, "language_code"),
    ("getChat", places.get_chat, "chat_id"),
    ("getChatMember", places.get_chat_member, "chat_id user_id"),
    ("getChatAdministrators", places.get_chat_administrators, "chat_id return_bots"),
    ("leaveChat", places.leave_chat, "chat_id"),
    ("getFile", places.get_file, "file_id"),
)
METHODS = {
    name.lower(): Method(name, handler, frozenset(parameters.split())) for name, handler, parameters in _LIST
}
"""By name in lower case: Telegram does not mind how a method is spelt in that."""
