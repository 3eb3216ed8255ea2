"""What the articles are about, said by the bot: as their owner put it, else by their titles."""

from collections.abc import Mapping, Sequence

from babel.lists import format_list

from bot.language import parse_language
from bot.model import Article
from bot.wording.phrases import Phrases

_FALLBACK = "en"
_TITLES = 3


class About:
    """Says what the articles are about, in the language of a reader."""

    def __init__(self, topics: Mapping[str, str]) -> None:
        """Take what stands behind "about" in each language, by its tag."""
        self._topics = {parse_language(tag): topic for tag, topic in topics.items()}

    def find_topic(self, language: str) -> str | None:
        """Return what the owner wrote for a language, else what they wrote in English, if anything."""
        return self._topics.get(language) or self._topics.get(_FALLBACK)

    def describe(self, articles: Sequence[Article], phrases: Phrases) -> str:
        """Return a sentence that says what the articles are about; an empty one if nothing tells."""
        topic = self.find_topic(phrases.language)
        if topic:
            return phrases.say("about.topic", topic=topic)
        titles = list(dict.fromkeys(article.title for article in articles if article.title))
        if not titles:
            return ""
        named = [phrases.say("asked", question=title) for title in titles[:_TITLES]]
        if len(titles) > _TITLES:
            named.append(phrases.say("about.more-titles", count=len(titles) - _TITLES))
        return phrases.say("about.titles", titles=format_list(named, locale=phrases.language))
