"""What a bot sends as text: parsed, trimmed, measured and marked as Telegram does before sending.

Not here: Markdown (refused, this project speaks HTML) and checks of what a link preview shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.limits.entities import (
    find_entities,
    overlap,
    sorted_entities,
    utf16_length,
    utf16_slice,
)
from bot.sandbox.limits.formatting import FormattedText
from bot.sandbox.limits.html_reader import parse_html
from bot.sandbox.limits.parameters import json_object, names
from bot.sandbox.limits.refusals import Json, refuse, refuse_here

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters, Value

MAX_TEXT = 4096
MAX_CAPTION = 1024
_MAX_ENTITIES = 100
_MAX_SOURCE_BYTES = 1 << 15
_OPAQUE = {"code", "pre", "text_link", "text_mention", "custom_emoji"}
_PREVIEW_FIELDS = names("is_disabled url prefer_small_media prefer_large_media show_above_text")
_ENTITY_FIELDS = names("type offset length url user language custom_emoji_id unix_time date_time_format")


def read_text(parameters: Parameters, too_long: str = "message is too long") -> FormattedText:
    """Return the text of a message, or refuse it."""
    return compose(
        parameters.text("text"),
        parameters.text("parse_mode"),
        parameters.json("entities"),
        too_long=too_long,
    )


def read_caption(parameters: Parameters) -> FormattedText:
    """Return the caption of a file, which may be empty."""
    if not parameters.text("caption"):
        return FormattedText("")
    return compose(
        parameters.text("caption"),
        parameters.text("parse_mode"),
        parameters.json("caption_entities"),
        too_long="message caption is too long",
        limit=MAX_CAPTION,
    )


def compose(
    source: str,
    parse_mode: str,
    entities: Value,
    *,
    too_long: str,
    limit: int = MAX_TEXT,
) -> FormattedText:
    """Return a text as Telegram would show it, or raise its refusal."""
    if not source:
        refuse("message text is empty")
    if len(source.encode("utf-8", "replace")) > _MAX_SOURCE_BYTES:
        refuse("text is too long")
    parsed = _parse(source, parse_mode, entities)
    finished = _finish(parsed)
    if not finished.text:
        refuse("text must be non-empty")
    if utf16_length(finished.text) > limit:
        refuse(too_long)
    if len(parsed.entities) > _MAX_ENTITIES:
        refuse_here(f"{len(parsed.entities)} entities, Telegram keeps {_MAX_ENTITIES}")
    # What Telegram finds by itself beyond that it merely leaves unmarked.
    return FormattedText(finished.text, _keep_given(finished.entities, parsed.entities))


def _parse(source: str, parse_mode: str, entities: Value) -> FormattedText:
    if parse_mode:
        if entities:
            refuse_here("both parse_mode and entities")
        if parse_mode.lower() == "html":
            return parse_html(source)
        if parse_mode.lower() in ("markdown", "markdownv2"):
            refuse_here(f"{parse_mode} is not read by this server")
        refuse("unsupported parse_mode")
    return FormattedText(source, _given_entities(source, entities))


def _given_entities(text: str, entities: Value) -> list[Json]:
    if entities is None:
        return []
    if not isinstance(entities, list):
        refuse_here("entities must be an Array")
    length = utf16_length(text)
    given = []
    for value in entities:
        entity = json_object(value, "MessageEntity", _ENTITY_FIELDS)
        if not all(isinstance(entity.get(key), int) for key in ("offset", "length")):
            refuse("can't parse MessageEntity: Can't find field \"offset\"")
        if entity["offset"] < 0 or entity["length"] < 1:
            refuse_here(f"entity outside of the text: {entity}")
        if entity["offset"] + entity["length"] > length:
            refuse(
                f"entity beginning at UTF-16 offset {entity['offset']} ends after the end of the text"
                f" at UTF-16 offset {entity['offset'] + entity['length']}"
            )
        given.append(entity)
    return sorted_entities(given)


def _keep_given(entities: list[Json], given: list[Json]) -> list[Json]:
    """Return at most as many entities as Telegram keeps, those that were given before all others."""
    kinds = {entity["type"] for entity in given}
    ranked = sorted(entities, key=lambda entity: entity["type"] not in kinds)
    return sorted_entities(ranked[:_MAX_ENTITIES])


def _finish(parsed: FormattedText) -> FormattedText:
    """Trim the text, clip its entities and add those that Telegram finds by itself."""
    text = parsed.text.replace("\r", "")
    if text != parsed.text and parsed.entities:
        refuse_here("carriage returns shift the entities")
    given = [
        entity for entity in parsed.entities if utf16_slice(text, entity["offset"], entity["length"]).strip()
    ]
    text = text.rstrip()
    first = min((entity["offset"] for entity in given), default=utf16_length(text))
    lead = min(len(text) - len(text.lstrip()), first)
    text = text[lead:]
    end = utf16_length(text)
    entities = []
    for entity in given:
        offset = entity["offset"] - lead
        entities.append(entity | {"offset": offset, "length": min(entity["length"], end - offset)})
    opaque = [entity for entity in entities if entity["type"] in _OPAQUE]
    places = {(entity["type"], entity["offset"]) for entity in entities}
    entities += [
        entity
        for entity in find_entities(text)
        if (entity["type"], entity["offset"]) not in places
        and not any(overlap(entity, other) for other in opaque)
    ]
    return FormattedText(text, sorted_entities(entities))


def read_link_preview(parameters: Parameters) -> Json | None:
    """Return the link preview options, checked."""
    value = parameters.json("link_preview_options")
    if value is None:
        return None
    options = json_object(value, "link_preview_options", _PREVIEW_FIELDS)
    for key, option in options.items():
        if not isinstance(option, str if key == "url" else bool):
            refuse_here(f'field "{key}" of link preview options has the wrong type')
    return options
