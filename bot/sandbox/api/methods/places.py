"""Methods about chats and who is in them, chat actions, and files to download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.limits.parameters import names
from bot.sandbox.limits.refusals import Json, refuse
from bot.sandbox.world.cloud import member_json

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters
    from bot.sandbox.world.cloud import Cloud

_MAX_DOWNLOAD = 20 * 1024 * 1024
_ACTIONS = names(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note"
)
_PERMISSIONS = names(
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos "
    "can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages "
    "can_add_web_page_previews can_change_info can_invite_users can_pin_messages "
    "can_manage_topics can_edit_tag"
)
_GIFTS = names("unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels")


def get_chat(cloud: Cloud, parameters: Parameters) -> Json:
    """Return everything about a chat."""
    chat = cloud.readable_chat(parameters.json("chat_id"))
    info = chat.to_json() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }
    if chat.is_group:
        info["permissions"] = dict.fromkeys(_PERMISSIONS, True)
    return info


def get_chat_member(cloud: Cloud, parameters: Parameters) -> Json:
    """Return what somebody is in a chat."""
    chat = cloud.readable_chat(parameters.json("chat_id"))
    user_id = parameters.integer("user_id")
    if user_id <= 0:
        refuse("invalid user_id specified")
    if user_id == cloud.bot.id:
        return member_json(cloud.bot, chat.bot_status)
    user = cloud.users.get(user_id)
    if user is None:
        refuse("user not found")
    if chat.user:
        return member_json(user, "member" if user is chat.user else "left")
    return member_json(user, chat.statuses.get(user_id, "left"))


def get_chat_administrators(cloud: Cloud, parameters: Parameters) -> list[Json]:
    """Return the admins of a group, bots not among them unless it is this one."""
    chat = cloud.writable_chat(parameters.json("chat_id"))
    if chat.user:
        refuse("there are no administrators in the private chat")
    admins = [
        member_json(chat.members[user_id], status)
        for user_id, status in chat.statuses.items()
        if status in ("administrator", "creator")
    ]
    if chat.bot_status == "administrator":
        admins.append(member_json(cloud.bot, "administrator"))
    return admins


def leave_chat(cloud: Cloud, parameters: Parameters) -> bool:
    """Leave a group or channel."""
    chat = cloud.writable_chat(parameters.json("chat_id"))
    if chat.user:
        refuse("chat member status can't be changed in private chats")
    cloud.set_bot_status(chat, cloud.bot, "left")
    return True


def send_chat_action(cloud: Cloud, parameters: Parameters) -> bool:
    """Show that the bot is doing something."""
    if parameters.text("action") not in _ACTIONS:
        refuse("wrong parameter action in request")
    chat = cloud.writable_chat(parameters.json("chat_id"))
    topic = cloud.topic(chat, parameters.integer("message_thread_id"))
    action: Json = {"action": parameters.text("action"), "at": cloud.clock.now()}
    chat.actions.append(action | {"message_thread_id": topic.id if topic else None})
    chat.bell.ring()
    return True


def get_file(cloud: Cloud, parameters: Parameters) -> Json:
    """Return where a file can be downloaded."""
    if not parameters.has("file_id"):
        refuse("file_id not specified")
    file = cloud.files.by_id(parameters.text("file_id"))
    if file is None:
        refuse("wrong file_id or the file is temporarily unavailable")
    if len(file.content) > _MAX_DOWNLOAD:
        refuse("file is too big")
    return file.ids() | {"file_path": file.path}
