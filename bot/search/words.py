"""A question's words in every language of the corpus: BM25 that reaches across languages.

Each word of the question is looked up among the words of each language by its vector (centred
per language, as passages are), and stands in BM25 for its nearest ones by their similarity; a
word that the language itself has stands for itself. "countries" finds "länder" and "negara".
Which words are translated depends on the question alone, so that an answer never depends on what
was asked before. It embeds words only once: those of the corpus when the index is built, those of
questions when they are first seen, in a bounded memory.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from bot.model import Passage, Question
from bot.search.analysis import extract_terms, split_words
from bot.search.centring import LanguageMeans
from bot.search.encoder import Encoder, Vectors
from bot.search.lexical import Scores, TermIndex, index_by_language

_LEAST_SIMILARITY = 0.3
_MOST_NEIGHBOURS = 2
# Shorter words are mostly grammar and pairs of characters, whose vectors say little.
_LEAST_LETTERS = 3
# The longest say the most, and each that was never seen takes about 3 ms to embed.
_MOST_TRANSLATED = 4
_MOST_REMEMBERED = 20_000


class Vocabulary:
    """One word for each term of each language: what is embedded of a corpus's words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Collect the words that are long enough to translate into."""
        found: dict[tuple[str, str], str] = {}
        for passage in passages:
            language = passage.article.language
            words = split_words(passage.text)
            for word, term in zip(words, extract_terms(passage.text, language), strict=True):
                if is_translatable(word):
                    found.setdefault((language, term), word)
        self.languages = tuple(language for language, _ in found)
        self.terms = tuple(term for _, term in found)
        self.words = tuple(found.values())


def is_translatable(word: str) -> bool:
    """Tell whether a word's vector may say what it means; figures stand for themselves."""
    return len(word) >= _LEAST_LETTERS and not word[0].isdigit()


class WordMemory:
    """The vectors of words that were asked, the latest ones. Safe to use from several threads."""

    def __init__(self, encoder: Encoder, words: Sequence[str], vectors: Vectors) -> None:
        """Start with the words of the corpus, which are never forgotten."""
        self._encoder = encoder
        self._corpus = dict(zip(words, vectors, strict=True))
        self._asked: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, words: Sequence[str]) -> Vectors:
        """Return the vectors of words, in their order; new ones are embedded in one batch."""
        with self._lock:
            known = {word: self._asked[word] for word in words if word in self._asked}
            for word in known:
                self._asked.move_to_end(word)
        known.update((word, self._corpus[word]) for word in words if word in self._corpus)
        new = [word for word in words if word not in known]
        if new:
            known.update(zip(new, self._encoder.embed_questions(new), strict=True))
            with self._lock:
                self._asked.update((word, known[word]) for word in new)
                while len(self._asked) > _MOST_REMEMBERED:
                    self._asked.popitem(last=False)
        return np.stack([known[word] for word in words])


class Translator:
    """Finds the terms of each language that a question's word may stand for. Immutable but for memory."""

    def __init__(self, vocabulary: Vocabulary, vectors: Vectors, memory: WordMemory) -> None:
        """Take the vocabulary with its vectors, one row a word."""
        self._memory = memory
        self._means = LanguageMeans(vectors, vocabulary.languages)
        centred = self._means.centre(vectors, vocabulary.languages)
        self._terms: dict[str, list[str]] = {}
        self._vectors: dict[str, Vectors] = {}
        for language in sorted(set(vocabulary.languages)):
            rows = [row for row, at in enumerate(vocabulary.languages) if at == language]
            self._terms[language] = [vocabulary.terms[row] for row in rows]
            self._vectors[language] = centred[rows]

    def translate(self, words: Sequence[str], language: str) -> dict[str, dict[str, dict[str, float]]]:
        """Return for each word, and each language of the corpus, terms and their similarities."""
        chosen = sorted(
            {word for word in words if is_translatable(word)}, key=lambda word: (-len(word), word)
        )
        chosen = chosen[:_MOST_TRANSLATED]
        if not chosen or not self._terms:
            return {}
        vectors = self._means.centre_word(self._memory.embed(chosen), language)
        found: dict[str, dict[str, dict[str, float]]] = {word: {} for word in chosen}
        for target, terms in self._terms.items():
            for word, similarities in zip(chosen, vectors @ self._vectors[target].T, strict=True):
                near = np.flatnonzero(similarities >= _LEAST_SIMILARITY)
                best = near[np.argsort(-similarities[near], kind="stable")][:_MOST_NEIGHBOURS]
                found[word][target] = {terms[row]: float(similarities[row]) for row in best}
        return found


class LexicalRanking:
    """BM25 of a corpus over words, and over what they stand for where there is a translator."""

    def __init__(self, passages: Sequence[Passage], translator: Translator | None) -> None:
        """Index the passages. None of them, or none with a term, is fine: nothing is found."""
        self._count = len(passages)
        self._translator = translator
        self._indexes = index_by_language(
            [passage.article.language for passage in passages],
            [extract_terms(passage.text, passage.article.language) for passage in passages],
        )

    def score(self, question: Question) -> Scores:
        """Sum BM25 over the question's words, each with what it stands for in a passage's language."""
        scores = np.zeros(self._count, np.float32)
        words = list(dict.fromkeys(split_words(question.text)))
        translations = self._translator.translate(words, question.language) if self._translator else {}
        for language, index in self._indexes.items():
            for word in words:
                itself = dict.fromkeys(extract_terms(word, language), 1.0)
                index.add_best(translations.get(word, {}).get(language, {}) | itself, scores)
        return scores

    def weigh_words(self, question: Question) -> float:
        """Return the summed idf of the question's words, as if all were the rarest: what BM25 could reach."""
        words = dict.fromkeys(split_words(question.text))
        return sum(
            max((_weigh(index, word, language) for language, index in self._indexes.items()), default=0.0)
            for word in words
        )


def _weigh(index: TermIndex, word: str, language: str) -> float:
    return max((index.weigh(term) for term in extract_terms(word, language)), default=0.0)
