"""Links that open the bot's private chat, and the payload of /start that they carry.

Telegram lets such a link carry 64 letters, digits, dashes and underscores: the name of a command,
a question of up to 46 bytes as Base64url of UTF-8, or a page of an answer. It sends nothing and knows no
command.
"""

import base64
import binascii
import re

_PAYLOAD_CHARACTERS = 64
_QUESTION = "q-"
_PAGE = re.compile(r"p-([a-z]+)-([\w-]+)-(\d{1,4})", re.ASCII)


def link_to_chat(username: str, payload: str) -> str:
    """Return the address that opens the bot's private chat and offers START with the payload."""
    return f"https://t.me/{username}?start={payload}"


def encode_question(words: str) -> str | None:
    """Return the payload that carries a question, or None if it is too long for a link.

    >>> encode_question("Who signed?")
    'q-V2hvIHNpZ25lZD8'
    """
    encoded = base64.urlsafe_b64encode(words.encode("utf-8", "replace")).decode("ascii").rstrip("=")
    payload = _QUESTION + encoded
    return payload if len(payload) <= _PAYLOAD_CHARACTERS else None


def encode_page(data: str) -> str:
    """Return the payload that opens what a button of an answer shows, from the button's data.

    >>> encode_page("more:abcdefghijk:5")
    'p-more-abcdefghijk-5'
    """
    return "p-" + data.replace(":", "-")


def decode_page(payload: str) -> str | None:
    """Return the data of the button whose page a payload opens, if it does.

    >>> decode_page("p-more-abc-efg_ijk-5")
    'more:abc-efg_ijk:5'
    """
    match = _PAGE.fullmatch(payload)
    return ":".join(match.groups()) if match else None


def decode_question(payload: str) -> str | None:
    """Return the question that a payload carries, if it does.

    >>> decode_question("q-V2hvIHNpZ25lZD8")
    'Who signed?'
    """
    if not payload.startswith(_QUESTION):
        return None
    encoded = payload.removeprefix(_QUESTION)
    try:
        decoded = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return " ".join(decoded.split()) or None
