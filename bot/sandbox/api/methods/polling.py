"""Methods by which the bot gets its updates: getUpdates and the webhook's three; logOut and close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.limits.refusals import Json, conflict

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters
    from bot.sandbox.world.cloud import Cloud

_LONGEST_POLL = 50


class RawJson(str):
    """A result that is JSON already."""

    __slots__ = ()


class Described:
    """A result with a description beside it."""

    def __init__(self, result: Json | bool, description: str) -> None:  # noqa: FBT001 - a result
        """Keep both."""
        self.result, self.description = result, description


async def get_updates(cloud: Cloud, parameters: Parameters) -> RawJson:
    """Return updates, after waiting for them if there are none."""
    if cloud.webhook.url:
        reason = (
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
            "webhook first"
        )
        raise conflict(reason)
    cloud.updates.allow(parameters.json("allowed_updates"))
    seconds = max(0, min(parameters.integer("timeout"), _LONGEST_POLL))
    batch = await cloud.updates.poll(parameters.integer("offset"), parameters.integer("limit", 100), seconds)
    return RawJson(batch)


def set_webhook(cloud: Cloud, parameters: Parameters) -> Described:
    """Have updates delivered to an address."""
    cloud.updates.allow(parameters.json("allowed_updates"))
    if parameters.flag("drop_pending_updates"):
        cloud.updates.clear()
    description = cloud.webhook.set(
        parameters.text("url"),
        parameters.text("secret_token"),
        parameters.integer("max_connections") or None,
    )
    return Described(result=True, description=description)


def get_webhook_info(cloud: Cloud, _parameters: Parameters) -> Json:
    """Return how delivery to the webhook goes."""
    return cloud.webhook.to_json() | {"allowed_updates": sorted(cloud.updates.allowed)}


def log_out(cloud: Cloud, _parameters: Parameters) -> bool:
    """Leave this server: every later call is refused until the test lets the bot in again."""
    cloud.is_logged_out = True
    cloud.updates.end_poll()
    return True


def close(_cloud: Cloud, _parameters: Parameters) -> bool:
    """Do nothing: there is no other server to move to."""
    return True
