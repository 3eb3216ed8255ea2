"""Secrets kept out of the log: the token above all, which is a part of every URL of the Bot API.

They are taken out where a record has become text, so a message, its arguments and a traceback
are covered alike, whichever library logged them. It does not look at what is not logged.
"""

import json
import logging
import re
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

_MASK = "***"
_LEAST_PASSWORD = 4
_BOT_ID = re.compile(r"^\d+:")


def hide_secrets(handler: logging.Handler, *secrets: str) -> None:
    """Have a handler mask the secrets in everything it writes; empty ones are ignored.

    Of a bot's token the part behind the colon is masked: the number before it is the bot's
    public id. Of a URL the password is masked on its own, too.
    """
    parts = {_BOT_ID.sub("", secret) for secret in secrets}
    parts.update(*map(_find_passwords, secrets))
    written = {form for part in parts - {""} for form in _list_forms(part)}
    handler.setFormatter(_MaskingFormatter(handler.formatter or logging.Formatter(), written))


def _list_forms(secret: str) -> set[str]:
    """Return the forms in which a secret may be written: as it is, in ``repr``, and both in JSON."""
    plain = {secret, repr(secret)[1:-1]}
    return plain | {json.dumps(form)[1:-1] for form in plain}


def _find_passwords(secret: str) -> set[str]:
    """Return the password in a URL, quoted and unquoted; a very short one would mask any text."""
    try:
        password = urlsplit(secret).password or ""
    except ValueError:
        return set()
    return {form for form in (password, unquote(password)) if len(form) >= _LEAST_PASSWORD}


class _MaskingFormatter(logging.Formatter):
    """Formats as another formatter does, then masks."""

    def __init__(self, inner: logging.Formatter, secrets: Collection[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text
