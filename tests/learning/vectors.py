"""Learn the upper layers of the encoder: a question near what answers it, in whatever language.

    python -m tests.learning.vectors READING XQUAD WORK [--steps N] [--go-on] [--device cuda]

Contrastive, with all passages of a step as each other's wrong answers, beside other sentences of the
same article, drawn at random: those that the untouched encoder takes for answers too often are
answers. News: the answering sentence in two languages drawn at random, so that a language is not a
reason. A passage is seen as the bot sees it: sentence, clause, or sentence after context. The running
average of the weights is kept, because it forgets less;
which share of it is mixed into the weights that it began with (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models") is chosen by articles that are kept aside.

WORK keeps states, a checkpoint every few minutes, from which the next call goes on, and the result
``vectors.pt``. Deterministic by seed, up to the order in which threads add.
"""

import argparse
import json
import math
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch.nn import functional

from bot.e5.learned import VECTORS, read_learned
from tests.learning.cosine_figures import describe, make_news_corpus, measure_news, measure_xquad
from tests.learning.e5 import PASSAGE, QUESTION, TRUNK_LAYERS, Sizes, Weights, find_weights
from tests.learning.layers import Packing, Parameters, average_parameters, pack, read_layers, run_layer
from tests.learning.material import NOBODY, Asked, Text, find_answer_clause
from tests.learning.news import NEWS, load_all_news
from tests.learning.rounding import unpack_parameters
from tests.learning.sources import (
    Sources,
    load_sources,
    load_split,
)
from tests.learning.squad import XQUAD, load_xquad
from tests.learning.states import States
from tests.learning.training import Plan, Training

CONSOLE = Console(highlight=False, soft_wrap=True)
SEED = 11
NEWS_QUESTIONS = 20
OTHER_QUESTIONS = 12
TEMPERATURE = 0.03
RATE = 1e-4
DROPOUT = 0.1
AVERAGE_DECAY = 0.97
WRONG_EACH = 2
SECOND_BEST = 0.3
WRONG_IN_OWN = 0.5
CROSSED_PART = 0.8
CONTEXT_PART = 0.3
CLAUSE_PART = 0.2
CHECKPOINT_STEPS = 20
MEASURE_STEPS = 100
WORTH = ("own@1", "other@1", "witness@1", "mAP")
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_LONGEST = 80
_GAP = 1_000_000


@dataclass(frozen=True, slots=True)
class Batch:
    """One step: texts with prefix; per passage its group and that before it; per question its answers."""

    questions: list[str]
    answers: list[frozenset[int]]
    passages: list[str]
    groups: NDArray[np.int64]
    before: NDArray[np.int64]


class Embedder:
    """Embeds by the upper layers as they are now."""

    def __init__(self, states: States, sizes: Sizes, parameters: Parameters, device: torch.device) -> None:
        self.states = states
        self.sizes = sizes
        self.parameters = parameters
        self.device = device

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of length 1; sorted by length, so that little is padded."""
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        found = np.empty((len(texts), self.sizes.width), np.float32)
        with torch.no_grad():
            for start in range(0, len(order), 64):
                rows = order[start : start + 64]
                tokens, packing = pack(self.states.find([texts[row] for row in rows]), self.device)
                found[rows] = run_upper(self.parameters, tokens, packing, self.sizes, 0.0).cpu().numpy()
        return found


def run_upper(  # noqa: PLR0913 (what is run on what)
    parameters: Parameters,
    tokens: torch.Tensor,
    packing: Packing,
    sizes: Sizes,
    dropout: float,
    *,
    is_rough: bool = False,
) -> torch.Tensor:
    """Run the upper layers, in bfloat16 if roughly; the mean of a text's tokens, of length 1."""
    with torch.autocast(tokens.device.type, torch.bfloat16, enabled=is_rough):
        for number in range(TRUNK_LAYERS, sizes.layers):
            tokens = run_layer(parameters, f"l{number}", tokens, packing, sizes, dropout=dropout)
    return functional.normalize(packing.average(tokens.float()), dim=1)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A step while it is drawn."""

    questions: list[str] = field(default_factory=list)
    answers: list[frozenset[int]] = field(default_factory=list)
    passages: list["_View"] = field(default_factory=list)


class Drawing:
    """Draws the questions of a step, and what they are to be told from."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._others = [name for name in sources.materials if name != NEWS]

    def draw(self, step: int) -> Batch:
        """Draw a step; the same number gives the same step."""
        draw = np.random.default_rng([SEED, step])
        draft = _Draft()
        chosen = self._sources.answered[NEWS]
        for number in draw.choice(len(chosen), NEWS_QUESTIONS, replace=False):
            self._add_news(chosen[number], draw, draft)
        for number in range(OTHER_QUESTIONS):
            # Evenly over the collections, step after step.
            name = self._others[(step * OTHER_QUESTIONS + number) % len(self._others)]
            candidates = self._sources.answered[name]
            self._add_other(name, candidates[int(draw.integers(len(candidates)))], draw, draft)
        return Batch(
            draft.questions,
            draft.answers,
            [text for text, _, _ in draft.passages],
            np.array([group for _, group, _ in draft.passages], np.int64),
            np.array([before for _, _, before in draft.passages], np.int64),
        )

    def _add_news(self, asked: Asked, draw: np.random.Generator, draft: _Draft) -> None:
        material = self._sources.materials[NEWS]
        language = str(draw.choice(sorted(asked.questions)))
        written = material.languages[asked.place]
        draft.questions.append(QUESTION + asked.questions[language])
        draft.answers.append(frozenset(asked.answers))
        right = asked.answers[0]
        if len(asked.answers) > 1 and draw.random() < SECOND_BEST:
            right = int(draw.choice(asked.answers))
        for other in draw.choice(written, 2, replace=False):
            text = material.texts[right, str(other)]
            span = asked.spans.get(str(other)) if right == asked.answers[0] else None
            draft.passages.append(_view(text, span, draw))
        wrong = [group for group in material.places[asked.place] if group not in asked.answers]
        for group in draw.choice(wrong, min(WRONG_EACH, len(wrong)), replace=False):
            is_own = language in written and draw.random() < WRONG_IN_OWN
            other = language if is_own else str(draw.choice(written))
            draft.passages.append(_view(material.texts[int(group), other], None, draw))

    def _add_other(self, name: str, asked: Asked, draw: np.random.Generator, draft: _Draft) -> None:
        material, offset = self._sources.materials[name], self._sources.offsets[name]
        language = str(draw.choice(sorted(asked.questions)))
        draft.questions.append(QUESTION + asked.questions[language])
        draft.answers.append(frozenset(group + offset for group in asked.answers))
        written = material.languages[asked.place]
        others = [found for found in written if found != language] or list(written)
        is_crossed = name == XQUAD and draw.random() < CROSSED_PART
        right_language = str(draw.choice(others if is_crossed else written))
        right = material.find_answer(asked, right_language)
        draft.passages.append(_shift(_view(right, asked.spans.get(right_language), draw), offset))
        wrong = material.find_others(asked, language if language in written else right_language)
        for chosen in draw.permutation(len(wrong))[:WRONG_EACH]:
            draft.passages.append(_shift(_view(wrong[chosen], None, draw), offset))


_View = tuple[str, int, int]
"""A text, its group, and the group whose words stand before it."""


def _view(text: Text, span: tuple[int, int] | None, draw: np.random.Generator) -> _View:
    """Draw how a passage is seen."""
    place = draw.random()
    if place < CONTEXT_PART:
        return PASSAGE + text.context, text.group, text.before
    if place < CONTEXT_PART + CLAUSE_PART:
        return PASSAGE + find_answer_clause(text, span), text.group, NOBODY
    return PASSAGE + text.sentence, text.group, NOBODY


def _shift(view: _View, offset: int) -> _View:
    text, group, before = view
    return text, group + offset, before if before == NOBODY else before + offset


def compute_loss(batch: Batch, questions: torch.Tensor, passages: torch.Tensor) -> torch.Tensor:
    """Return how unlikely the right passages are for the questions."""
    right = np.array([np.isin(batch.groups, list(found)) for found in batch.answers])
    # What has the answer among the words before it is neither right nor wrong.
    unclear = np.array([np.isin(batch.before, list(found)) for found in batch.answers]) & ~right
    is_right = torch.from_numpy(right).to(questions.device)
    scores = questions @ passages.T / TEMPERATURE
    scores = scores.masked_fill(torch.from_numpy(unclear).to(scores.device), -math.inf)
    wrong = scores.masked_fill(is_right, -math.inf).logsumexp(dim=1, keepdim=True)
    # Each right one against the wrong ones, not against the other right ones.
    losses = functional.softplus(wrong - scores)[is_right]
    counts = is_right.sum(dim=1, keepdim=True).expand_as(is_right)[is_right]
    return (losses / counts).sum() / len(questions)


def main() -> None:
    arguments = _parse_arguments()
    device = torch.device(arguments.device)
    sizes = Weights(find_weights()).sizes
    torch.set_num_threads(arguments.threads)
    states = States(arguments.work, arguments.threads)
    start = read_layers(Weights(find_weights()), range(TRUNK_LAYERS, sizes.layers))
    if arguments.go_on:
        start |= unpack_parameters(read_learned(VECTORS).tensors)
    start = {name: values.to(device) for name, values in start.items()}
    sources = load_sources(arguments.reading, arguments.xquad)
    split = load_split()
    corpus = make_news_corpus(load_all_news(arguments.reading, split.choose_news), languages_each=3)
    training = Training(
        arguments.work / "vectors-checkpoint.pt", start, Plan(arguments.steps, RATE, AVERAGE_DECAY)
    )
    if not training.step:
        original = Embedder(states, sizes, training.original, device)
        CONSOLE.print(f"at the beginning: {describe(measure_news(corpus, original.embed))}")
    drawing = Drawing(sources)
    recent: deque[float] = deque(maxlen=20)
    stop = min(arguments.steps, arguments.stop or arguments.steps)
    for step in track(range(training.step, stop), "learning", console=CONSOLE, refresh_per_second=0.2):
        torch.manual_seed(SEED * _GAP + step)
        batch = drawing.draw(step)
        found = [rows[:_LONGEST] for rows in states.find(batch.questions + batch.passages)]
        tokens, packing = pack(found, device)
        vectors = run_upper(training.parameters, tokens, packing, sizes, DROPOUT, is_rough=True)
        questions, passages = vectors[: len(batch.questions)], vectors[len(batch.questions) :]
        loss = compute_loss(batch, questions, passages)
        training.advance(loss)
        recent.append(loss.item())
        if training.step % CHECKPOINT_STEPS == 0:
            training.save()
            CONSOLE.print(f"step {training.step}: loss {np.mean(recent):.3f}, {len(tokens)} tokens")
        if training.step % MEASURE_STEPS == 0:
            _report(training, corpus, states, sizes, device)
    training.save()
    _choose(arguments, training, states, sizes, device)


def _report(training: Training, corpus: object, states: States, sizes: Sizes, device: torch.device) -> None:
    for share in (0.5, 1.0):
        mixed = average_parameters(training.original, training.average, share)
        figures = measure_news(corpus, Embedder(states, sizes, mixed, device).embed)  # type: ignore[arg-type]
        CONSOLE.print(f"step {training.step}, share {share}: {describe(figures)}")


def _choose(
    arguments: argparse.Namespace, training: Training, states: States, sizes: Sizes, device: torch.device
) -> None:
    """Mix the learned weights with those it began with, by the articles kept aside, and write them."""
    split = load_split()
    corpus = make_news_corpus(load_all_news(arguments.reading, split.choose_news), languages_each=4)
    pool = load_xquad(arguments.xquad, split.choose_xquad)
    best: tuple[float, float, Parameters] | None = None
    record = {}
    for share in SHARES:
        mixed = average_parameters(training.original, training.average, share)
        embedder = Embedder(states, sizes, mixed, device)
        news = measure_news(corpus, embedder.embed, with_clauses=True)
        xquad = measure_xquad(pool, embedder.embed, 200)
        CONSOLE.print(f"share {share}: news {describe(news)}\n  xquad {describe(xquad)}")
        record[str(share)] = {"news": news, "xquad": xquad}
        # What languages without questions reach counts as much as what those with questions gain.
        worth = news["all@1"] + news["all@3"] + sum(xquad[name] for name in WORTH)
        if best is None or worth > best[0]:
            best = worth, share, mixed
    assert best is not None
    torch.save(
        {"parameters": best[2], "share": best[1], "step": training.step}, arguments.work / "vectors.pt"
    )
    (arguments.work / "vectors.json").write_text(
        json.dumps(
            {
                "options": f"--steps {arguments.steps} --stop {training.step}"
                f"{' --go-on' if arguments.go_on else ''}",
                "seed": SEED,
                "share": best[1],
                "steps": training.step,
                "chosen_by": {"before": record["0.0"], "after": record[str(best[1])]},
            },
            indent=1,
        )
        + "\n",
        "utf-8",
    )
    CONSOLE.print(f"share {best[1]} chosen")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="learn the upper layers of the encoder from questions")
    parser.add_argument("reading", type=Path)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--go-on", action="store_true", help="begin with the vectors that ship")
    parser.add_argument("--stop", type=int, help="stop early, after so many steps")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
