"""How the Bot API says no: an error code, a description and sometimes parameters.

Nothing here decides when to refuse; the method modules do, in Telegram's own words. What only this
server refuses (a misspelt parameter, say) ends in a remark that says so: see `refuse_here`.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A decoded JSON object, as it travels between bot and server."""

QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


class ApiError(Exception):
    """An answer with `"ok": false`."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        """Keep what the answer will carry."""
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters or {}

    def to_json(self) -> Json:
        """Return the whole body of the answer."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(reason: str, **parameters: int) -> ApiError:
    """Return a 400."""
    return ApiError(400, f"Bad Request: {reason}", parameters)


def conflict(reason: str) -> ApiError:
    """Return a 409."""
    return ApiError(409, f"Conflict: {reason}")


def too_many_requests(retry_after: int) -> ApiError:
    """Return a 429 that says how many seconds to wait."""
    reason = f"Too Many Requests: retry after {retry_after}"
    return ApiError(429, reason, {"retry_after": retry_after})


def refuse(reason: str, **parameters: int) -> NoReturn:
    """Raise a 400."""
    raise bad_request(reason, **parameters)


def refuse_here(reason: str) -> NoReturn:
    """Raise a 400 that Telegram would not send: it lets the mistake pass, or hides it."""
    remark = f"{reason} (only the tests' server refuses this)"
    raise bad_request(remark)


def forbid(reason: str) -> NoReturn:
    """Raise a 403."""
    remark = f"Forbidden: {reason}"
    raise ApiError(403, remark)
