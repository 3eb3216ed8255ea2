"""Methods about the bot itself: getMe, its commands, its name and its descriptions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.sandbox.limits.parameters import json_object
from bot.sandbox.limits.refusals import Json, refuse, refuse_here

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters, Value
    from bot.sandbox.world.cloud import Cloud

_MAX_COMMANDS = 100
_MAX_COMMAND_DESCRIPTION = 256
_MAX_NAME = 64
_MAX_DESCRIPTION = 512
_MAX_SHORT_DESCRIPTION = 120
_WIDE_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")


def get_me(cloud: Cloud, _parameters: Parameters) -> Json:
    """Return the bot."""
    return cloud.bot.to_full_json()


def set_my_commands(cloud: Cloud, parameters: Parameters) -> bool:
    """Set the commands of one scope and language."""
    commands = _checked_commands(parameters.json("commands"))
    cloud.bot.commands[_scope(cloud, parameters), _language(parameters)] = commands
    return True


def get_my_commands(cloud: Cloud, parameters: Parameters) -> list[Json]:
    """Return the commands of one scope and language, nothing else's."""
    return cloud.bot.commands.get((_scope(cloud, parameters), _language(parameters)), [])


def delete_my_commands(cloud: Cloud, parameters: Parameters) -> bool:
    """Forget the commands of one scope and language."""
    cloud.bot.commands.pop((_scope(cloud, parameters), _language(parameters)), None)
    return True


def set_my_name(cloud: Cloud, parameters: Parameters) -> bool:
    """Set the name in one language."""
    return _set(cloud.bot.names, parameters, "name", _MAX_NAME)


def get_my_name(cloud: Cloud, parameters: Parameters) -> Json:
    """Return the name in one language, else the default one."""
    names = cloud.bot.names
    fallback = names.get("", cloud.bot.first_name)
    return {"name": names.get(_language(parameters), fallback)}


def set_my_description(cloud: Cloud, parameters: Parameters) -> bool:
    """Set what an empty chat shows."""
    return _set(cloud.bot.descriptions, parameters, "description", _MAX_DESCRIPTION)


def get_my_description(cloud: Cloud, parameters: Parameters) -> Json:
    """Return what an empty chat shows."""
    texts = cloud.bot.descriptions
    return {"description": texts.get(_language(parameters), texts.get("", ""))}


def set_my_short_description(cloud: Cloud, parameters: Parameters) -> bool:
    """Set what the bot's page shows."""
    texts = cloud.bot.short_descriptions
    return _set(texts, parameters, "short_description", _MAX_SHORT_DESCRIPTION)


def get_my_short_description(cloud: Cloud, parameters: Parameters) -> Json:
    """Return what the bot's page shows."""
    texts = cloud.bot.short_descriptions
    return {"short_description": texts.get(_language(parameters), texts.get("", ""))}


def scope_key(scope: Json) -> str:
    """Return a scope as text, e.g. "chat 42"."""
    return " ".join(str(scope[key]) for key in ("type", "chat_id", "user_id") if key in scope)


def _set(texts: dict[str, str], parameters: Parameters, name: str, limit: int) -> bool:
    text = parameters.text(name)
    if len(text) > limit:
        refuse_here(f"{name} of {len(text)} characters, at most {limit} are allowed")
    texts[_language(parameters)] = text
    return True


def _language(parameters: Parameters) -> str:
    code = parameters.text("language_code")
    if not re.fullmatch(r"([a-z]{2})?", code):
        refuse("invalid language code specified")
    return code


def _scope(cloud: Cloud, parameters: Parameters) -> str:
    where = "can't parse BotCommandScope: "
    value = parameters.json("scope")
    if value is None:
        return "default"
    scope = json_object(value, "scope", frozenset({"type", "chat_id", "user_id"}))
    kind = scope.get("type")
    if kind in _WIDE_SCOPES:
        return scope_key(json_object(value, "scope", frozenset({"type"})))
    if kind not in _CHAT_SCOPES:
        refuse(f"{where}Unsupported type specified")
    if not scope.get("chat_id"):
        refuse(f"{where}Empty chat_id specified")
    chat = cloud.readable_chat(scope["chat_id"])
    if chat.user and chat.bot_status == "left":
        refuse("chat not found")
    if kind != "chat" and chat.user:
        refuse("can't use specified scope in private chats")
    if chat.type == "channel":
        refuse("can't change commands in channel chats")
    if kind == "chat_member" and not isinstance(scope.get("user_id"), int):
        refuse(f"{where}Invalid user_id specified")
    return scope_key(scope | {"chat_id": chat.id})


def _checked_commands(value: Value) -> list[Json]:
    where = "can't parse BotCommand: "
    if not isinstance(value, list):
        refuse("expected an Array of BotCommand")
    if len(value) > _MAX_COMMANDS:
        refuse("BOT_COMMANDS_TOO_MUCH")
    for command in value:
        json_object(command, "BotCommand", frozenset({"command", "description"}))
        for name in ("command", "description"):
            if not isinstance(command.get(name), str):
                refuse(f'{where}Can\'t find field "{name}"')
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            refuse("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"].strip()) <= _MAX_COMMAND_DESCRIPTION:
            refuse("BOT_COMMAND_DESCRIPTION_INVALID")
    names = [command["command"] for command in value]
    if len(set(names)) < len(names):
        refuse_here("a command is there twice")
    return value
