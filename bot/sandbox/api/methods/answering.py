"""Methods that answer a query: answerCallbackQuery and answerInlineQuery.

Of the inline results "article" is checked in full; the others only for what all have in common.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.sandbox.api.methods.sending import text_content
from bot.sandbox.limits.composing import compose
from bot.sandbox.limits.formatting import checked_link
from bot.sandbox.limits.keyboards import checked_markup
from bot.sandbox.limits.parameters import json_object, names
from bot.sandbox.limits.refusals import QUERY_TOO_OLD, Json, refuse, refuse_here
from bot.sandbox.world.queries import INLINE_SECONDS, PRESS_SECONDS, InlineAnswer, PressAnswer

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Parameters, Value
    from bot.sandbox.world.cloud import Cloud

_MAX_NOTE = 200
_MAX_RESULTS = 50
_MAX_ID_BYTES = 64
_ARTICLE_FIELDS = names(
    "type id title input_message_content reply_markup url description thumbnail_url "
    "thumbnail_width thumbnail_height"
)
_MESSAGE_FIELDS = names("message_text parse_mode entities link_preview_options disable_web_page_preview")
_OTHER_RESULTS = names("photo gif mpeg4_gif video audio voice document location venue contact game sticker")


def answer_callback_query(cloud: Cloud, parameters: Parameters) -> bool:
    """Answer a pressed button."""
    press = cloud.presses.get(parameters.text("callback_query_id"))
    if press is None or press.answer or press.date < cloud.clock.now() - PRESS_SECONDS:
        refuse(QUERY_TOO_OLD)
    if len(parameters.text("text")) > _MAX_NOTE:
        refuse("MESSAGE_TOO_LONG")
    url = parameters.text("url")
    if url and not re.match(r"(https://t\.me|tg://resolve)", url):
        refuse("URL_INVALID")
    press.answer = PressAnswer(
        parameters.text("text"),
        parameters.flag("show_alert"),
        url,
        parameters.integer("cache_time"),
    )
    press.bell.ring()
    return True


def answer_inline_query(cloud: Cloud, parameters: Parameters) -> bool:
    """Answer an inline query with results."""
    results = _read_results(cloud, parameters.json("results"))
    button = _read_button(parameters.json("button"))
    if len(parameters.text("next_offset").encode()) > _MAX_ID_BYTES:
        refuse("NEXT_OFFSET_INVALID")
    question = cloud.inline_questions.get(parameters.text("inline_query_id"))
    if question is None or question.answer or question.date < cloud.clock.now() - INLINE_SECONDS:
        refuse(QUERY_TOO_OLD)
    question.answer = InlineAnswer(
        question=question,
        results=results,
        next_offset=parameters.text("next_offset"),
        cache_time=parameters.integer("cache_time", 300),
        is_personal=parameters.flag("is_personal"),
        button=button,
    )
    question.bell.ring()
    return True


def _read_button(value: Value) -> Json | None:
    where = "can't parse inline query results button: "
    if value is None:
        return None
    button = json_object(value, "button", frozenset({"text", "start_parameter", "web_app"}))
    if not isinstance(button.get("text"), str):
        refuse(f'{where}Can\'t find field "text"')
    if len(button.keys() & {"start_parameter", "web_app"}) != 1:
        refuse(f"{where}InlineQueryResultsButton must have exactly one optional field")
    if not button["text"]:
        refuse("SWITCH_PM_TEXT_EMPTY")
    start = button.get("start_parameter", "web")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(start)):
        refuse("START_PARAM_INVALID" if start else "START_PARAM_EMPTY")
    return button


def _read_results(cloud: Cloud, value: Value) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        refuse("expected an Array of inline query results")
    if len(value) > _MAX_RESULTS:
        refuse("too many inline query results specified")
    results = [_checked_result(cloud, result) for result in value]
    ids = [result["id"] for result in results]
    if len(set(ids)) < len(ids):
        refuse("RESULT_ID_DUPLICATE")
    return results


def _checked_result(cloud: Cloud, result: Value) -> Json:
    where = "can't parse inline query result: "
    if not isinstance(result, dict):
        refuse(f"{where}Inline query result must be an object")
    for name in ("type", "id"):
        if not isinstance(result.get(name), str):
            refuse(f'{where}Can\'t find field "{name}"')
    if not 0 < len(result["id"].encode()) <= _MAX_ID_BYTES:
        refuse("RESULT_ID_INVALID")
    if result["type"] == "article":
        return _checked_article(cloud, result)
    if result["type"] not in _OTHER_RESULTS:
        refuse(f'{where}type "{result["type"]}" is unsupported for the inline query result')
    return result | {"reply_markup": checked_markup(result.get("reply_markup"))}


def _checked_article(cloud: Cloud, result: Json) -> Json:
    where = "can't parse inline query result: "
    article = json_object(result, "InlineQueryResultArticle", _ARTICLE_FIELDS)
    if not isinstance(article.get("title"), str):
        refuse(f'{where}Can\'t find field "title"')
    if not article["title"]:
        refuse("ARTICLE_TITLE_EMPTY")
    if "input_message_content" not in article:
        refuse(f"{where}Input message content is not specified")
    content = json_object(article["input_message_content"], "InputTextMessageContent", _MESSAGE_FIELDS)
    text = compose(
        content.get("message_text", ""),
        content.get("parse_mode", ""),
        content.get("entities"),
        too_long="MESSAGE_TOO_LONG",
    )
    for name in ("url", "thumbnail_url"):
        if article.get(name) and not checked_link(str(article[name])):
            refuse_here(f'field "{name}" of the article is no link: {article[name]!r}')
    return article | {
        "message": text_content(cloud, text),
        "reply_markup": checked_markup(article.get("reply_markup")),
    }
