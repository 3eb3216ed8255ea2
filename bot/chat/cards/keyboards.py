"""The buttons below an answer, and the data that each sends back when it is pressed.

What is carried names the exchange by its key, at most 64 bytes in all: ``more:<key>:5`` shows the
passages from the sixth on, ``context:<key>:0`` the first among the sentences around it,
``vote:<key>:up`` is a vote. It decides nothing about presses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.cards.answer_card import Page, is_cut
from bot.chat.cards.translation_links import TranslationLinks
from bot.language import name_language
from bot.model import Answer, AnswerKind, Hit, Passage, SmallTalk, Vote
from bot.wording.examples import Examples, digest_question
from bot.wording.phrases import Phrases

MORE = "more"
CONTEXT = "context"
VOTE = "vote"

CHOSEN = " ✓"
"""Behind the label of a button: its choice is made."""

_LABELS: Mapping[Vote, str] = {Vote.UP: "👍", Vote.DOWN: "👎"}
_MOST_TRANSLATIONS = 4
# A third of a row clips the label of a button with the name of a language.
_TRANSLATIONS_IN_ROW = 2
# Said by people who may not know what to ask.
_INVITING = (
    SmallTalk.GREETING,
    SmallTalk.WHO_ARE_YOU,
    SmallTalk.ARE_YOU_AN_AI,
    SmallTalk.WHAT_CAN_I_ASK,
    SmallTalk.TELL_ME_MORE,
    SmallTalk.TEST,
    SmallTalk.ADDRESS,
    SmallTalk.NOTHING,
)

Row = list[InlineKeyboardButton]


@dataclass(frozen=True, slots=True)
class Card:
    """An answer as a reader sees it: its key, the reader's vote, and what to ask next.

    ``reads`` are the languages that they read, best first; that of the bot's texts if none is known.
    """

    key: str
    answer: Answer
    phrases: Phrases
    vote: Vote | None = None
    suggested: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


class Keyboards:
    """Makes the buttons of a card."""

    def __init__(self, *, translation: TranslationLinks, examples: Examples) -> None:
        self._translation = translation
        self._examples = examples

    def for_page(self, card: Card, page: Page) -> list[Row]:
        """Return the buttons below a page of an answer, at most three in a row.

        More or back and context; translation and votes. Below a refusal there are examples for whoever does
        not know what to ask, and a vote for whoever knows better; below small talk, only examples.
        """
        if card.answer.kind is AnswerKind.SMALL_TALK:
            return self._offer_examples(card) if card.answer.small_talk in _INVITING else []
        if not card.answer.is_answered and not page.first:
            return [*self._offer_examples(card), [_objection(card)]]
        buttons: Row = []
        votes = _vote_buttons(card.key, card.vote)
        if page.first:
            buttons.append(_button(card, "button.back", MORE, 0))
        if page.end < len(card.answer.hits):
            buttons.append(_button(card, "button.more", MORE, page.end))
        buttons += _context_buttons(card, page)
        translations = self._translate(card.answer.hits[page.first : page.end], card)
        if len(translations) == 1:
            votes = [*translations, *votes]
            translations = []
        beside = [
            translations[first : first + _TRANSLATIONS_IN_ROW]
            for first in range(0, len(translations), _TRANSLATIONS_IN_ROW)
        ]
        suggested = [] if page.first else lay_out_questions(card.suggested)
        return [row for row in (buttons, *beside, votes, *suggested) if row]

    def _offer_examples(self, card: Card) -> list[Row]:
        return lay_out_examples(self._examples, card.phrases.language)

    def for_context(self, card: Card, number: int) -> list[Row]:
        """Return the buttons below a passage that is shown among the sentences around it."""
        back = _button(card, "button.back", MORE, number)
        translation = self._translate(card.answer.hits[number : number + 1], card)
        return [[back], [*translation, *_vote_buttons(card.key, card.vote)]]

    def for_passage(self, passage: Passage, phrases: Phrases, reads: tuple[str, ...]) -> Row:
        """Return the button that translates a passage, unless it is in a language that the reader reads."""
        language = passage.article.language
        if language in reads:
            return []
        url = self._translation.link(passage.text, language, reads[0] if reads else phrases.language)
        return [InlineKeyboardButton(phrases.say("button.translate"), url=url)] if url else []

    def _translate(self, hits: Sequence[Hit], card: Card) -> Row:
        """Return a button for each language that the reader does not read, for all passages shown in it."""
        target = card.reads[0] if card.reads else card.phrases.language
        texts: dict[str, list[str]] = {}
        for passage in (hit.passage for hit in hits):
            if passage.article.language not in {target, *card.reads}:
                texts.setdefault(passage.article.language, []).append(passage.text)
        links = {
            language: self._translation.link("\n\n".join(parts), language, target)
            for language, parts in texts.items()
        }
        found = [(language, url) for language, url in links.items() if url]
        say, reader = card.phrases.say, card.phrases.language
        if len(found) == 1:
            return [InlineKeyboardButton(say("button.translate"), url=found[0][1])]
        return [
            InlineKeyboardButton(say("answer.translate", language=name_language(language, reader)), url=url)
            for language, url in found[:_MOST_TRANSLATIONS]
        ]


def lay_out_examples(examples: Examples, language: str) -> list[Row]:
    """Return a row with a button for each question to offer in a language."""
    return lay_out_questions(examples.choose(language))


def lay_out_questions(questions: Iterable[str]) -> list[Row]:
    """Return a row with a button for each question; a tap asks it."""
    return [
        [InlineKeyboardButton(question, callback_data=f"ask:{digest_question(question)}")]
        for question in questions
    ]


def mark_vote(keyboard: InlineKeyboardMarkup, key: str, vote: Vote | None) -> InlineKeyboardMarkup:
    """Return the buttons with a vote shown as taken, or none; all others stay as they are."""
    votes = {_vote_data(key, one): one is vote for one in Vote}

    def mark(button: InlineKeyboardButton) -> InlineKeyboardButton:
        is_taken = votes.get(str(button.callback_data))
        if is_taken is None:
            return button
        label = button.text.removesuffix(CHOSEN)
        return InlineKeyboardButton(
            f"{label}{CHOSEN}" if is_taken else label, callback_data=button.callback_data
        )

    return InlineKeyboardMarkup([[mark(button) for button in row] for row in keyboard.inline_keyboard])


def shows_vote(keyboard: InlineKeyboardMarkup, data: str) -> bool:
    """Tell whether the button that carries ``data`` shows a vote as taken."""
    return any(
        button.callback_data == data and button.text.endswith(CHOSEN)
        for row in keyboard.inline_keyboard
        for button in row
    )


def _context_buttons(card: Card, page: Page) -> Row:
    """Return a button for each passage in full view with more to show: its neighbours, or its own rest."""
    hits = card.answer.hits
    leads = range(min(card.answer.leads, page.end)) if not page.first else [page.first]
    numbers = [
        number
        for number in leads
        if hits[number].passage.before or hits[number].passage.after or is_cut(hits[number])
    ]
    label = card.phrases.say("button.context")
    return [
        InlineKeyboardButton(
            label if len(leads) == 1 else f"{label} {number + 1}",
            callback_data=f"{CONTEXT}:{card.key}:{number}",
        )
        for number in numbers
    ]


def _vote_buttons(key: str, taken: Vote | None) -> Row:
    return [_vote_button(key, vote, label, taken) for vote, label in _LABELS.items()]


def _objection(card: Card) -> InlineKeyboardButton:
    """Return the vote for somebody who knows that the articles do answer."""
    return _vote_button(card.key, Vote.DOWN, card.phrases.say("button.objection"), card.vote)


def _vote_button(key: str, vote: Vote, label: str, taken: Vote | None) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        f"{label}{CHOSEN}" if vote is taken else label, callback_data=_vote_data(key, vote)
    )


def _vote_data(key: str, vote: Vote) -> str:
    return f"{VOTE}:{key}:{vote.value}"


def _button(card: Card, label: str, action: str, number: int) -> InlineKeyboardButton:
    return InlineKeyboardButton(card.phrases.say(label), callback_data=f"{action}:{card.key}:{number}")
