"""Learn the reader: does this passage answer the question, and which of its words do.

    python -m tests.learning.reader READING XQUAD WORK [--steps N] [--go-on] [--device cuda]

Question and passage go through the lower layers on their own (Cao et al. 2020, "DeFormer"); then
the passage's tokens attend to the question's as well as to each other. The question's tokens look
at themselves alone, so that they are computed once for all passages. A passage's states are those
of the sentence after the words before it; only the sentence's own tokens, and the one that begins
every text, go on: context costs nothing when a question is asked. The first token gives the score,
every other one two numbers: how well the answer begins and ends there.

Loss: softmax over the candidates of a question and "none", whose score is 0, so that ranking and
refusing are learned at once; near misses, questions whose paragraph does not answer, questions about
other articles and gibberish have "none" as their answer. Plus the cross-entropy of where the words
begin and end.
"""

import argparse
import json
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from torch.nn import functional

from bot.e5.learned import READER, VECTORS, read_learned
from bot.e5.reading import LONGEST_QUESTION, Kept, choose_words
from tests.learning.cosine_figures import compare, describe
from tests.learning.drawing import SEED, SPAN_LANGUAGES, Drawing, Reads, mine
from tests.learning.e5 import PASSAGE, QUESTION, TRUNK_LAYERS, Sizes, Weights, find_weights
from tests.learning.layers import Packing, Parameters, pack, read_layers, remember, run_layer
from tests.learning.material import Material, Text
from tests.learning.news import NEWS, load_all_news
from tests.learning.rounding import unpack_parameters
from tests.learning.sources import load_sources, load_split
from tests.learning.states import States
from tests.learning.training import Plan, Training
from tests.learning.vectors import Embedder

CONSOLE = Console(highlight=False, soft_wrap=True)
LAYERS = 6
RATE = 2e-4
GO_ON_RATE = 1e-4
"""What ships has found its place, so a reader that goes on is moved less, its new layers too."""

DROPOUT = 0.1
AVERAGE_DECAY = 0.98
SPAN_LOSS = 1.0
CHECKPOINT_STEPS = 50
MEASURE_STEPS = 200
_GAP = 1_000_000


@dataclass(frozen=True, slots=True)
class Scores:
    """What the reader says: one score a pair; per token of all pairs where an answer begins and ends."""

    logits: torch.Tensor
    edges: torch.Tensor
    packing: Packing
    kept: list[Kept]


def read(  # noqa: PLR0913 (what is read by what)
    parameters: Parameters,
    states: States,
    sizes: Sizes,
    questions: Sequence[str],
    *,
    texts: Sequence[Text],
    owners: Sequence[int],
    device: torch.device,
    dropout: float = 0.0,
    is_rough: bool = False,
) -> Scores:
    """Read texts, each for the question whose number ``owners`` has; roughly: in bfloat16."""
    asked, asked_packing = pack(
        [found[:LONGEST_QUESTION] for found in states.find([QUESTION + text for text in questions])], device
    )
    kept = [states.find_kept(text) for text in texts]
    found = states.find([PASSAGE + text.context for text in texts])
    kept = [part.limit(len(rows) - 1) for part, rows in zip(kept, found, strict=True)]
    tokens, packing = pack([rows[part.rows] for part, rows in zip(kept, found, strict=True)], device)
    asked = asked + parameters["segments"][0]
    tokens = tokens + parameters["segments"][1]
    numbers = torch.tensor(owners, device=device)
    with torch.autocast(device.type, torch.bfloat16, enabled=is_rough):
        for number in range(LAYERS):
            layer = f"r{number}"
            memory = remember(parameters, layer, asked, asked_packing, sizes, owners=numbers)
            if number < LAYERS - 1:
                asked = run_layer(parameters, layer, asked, asked_packing, sizes, dropout=dropout)
            tokens = run_layer(parameters, layer, tokens, packing, sizes, dropout=dropout, memory=memory)
    heads = functional.linear(tokens.float(), parameters["heads"], parameters["heads_bias"])
    table = packing.spread(heads)
    return Scores(table[:, 0, 0], heads[:, 1:], packing, kept)


def make_parameters(weights: Weights) -> Parameters:
    """Begin with the layers above the lower ones, and heads that say nothing."""
    layers = read_layers(weights, range(TRUNK_LAYERS, TRUNK_LAYERS + LAYERS))
    found = {}
    for name, values in layers.items():
        layer, _, rest = name.partition("_")
        found[f"r{int(layer[1:]) - TRUNK_LAYERS}_{rest}"] = values
    torch.manual_seed(SEED)
    width = weights.sizes.width
    return found | {
        "segments": torch.randn(2, width) * 0.01,
        "heads": torch.randn(3, width) * 0.02,
        "heads_bias": torch.tensor([-1.0, 0.0, 0.0]),
    }


def deepen(parameters: Parameters, weights: Weights) -> Parameters:
    """Put untouched layers below those of a reader that was learned with fewer; a reader of as many stays."""
    begin = make_parameters(weights)
    missing = LAYERS - sum(name.endswith("_qkv") for name in parameters)
    assert missing >= 0, "the reader that ships has more layers"
    found = {name: values for name, values in begin.items() if _find_layer(name) in range(missing)}
    for name, values in parameters.items():
        number, rest = _find_layer(name), name.partition("_")[2]
        found[name if number is None else f"r{number + missing}_{rest}"] = values
    return found


def _find_layer(name: str) -> int | None:
    """Return the number of the layer that a parameter belongs to, if it belongs to one."""
    layer = name.partition("_")[0].removeprefix("r")
    return int(layer) if layer.isdigit() else None


def compute_loss(reads: Sequence[Reads], scores: Scores) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how unlikely the right passages (or none) are, and the right words."""
    losses = []
    at = 0
    for found in reads:
        logits = scores.logits[at : at + len(found.candidates)]
        everything = torch.cat([logits.new_zeros(1), logits])
        right = [number for number, candidate in enumerate(found.candidates, 1) if candidate.is_right] or [0]
        losses.append(everything.logsumexp(0) - everything[right].logsumexp(0))
        at += len(found.candidates)
    candidates = [candidate for found in reads for candidate in found.candidates]
    table = scores.packing.spread(scores.edges)
    mask = scores.packing.mask.to(table.device).clone()
    # The first token stands for the whole.
    mask[:, 0] = False
    table = table.masked_fill(~mask[:, :, None], -1e4)
    span_losses = []
    for number, (candidate, part) in enumerate(zip(candidates, scores.kept, strict=True)):
        edges = part.find_edges(candidate.span) if candidate.span else None
        if edges:
            target = torch.tensor(edges, device=table.device)
            span_losses.append(functional.cross_entropy(table[number].T, target))
    span = torch.stack(span_losses).mean() if span_losses else scores.logits.new_zeros(())
    return torch.stack(losses).mean(), span


def measure(  # noqa: PLR0913 (what is measured with what)
    parameters: Parameters,
    states: States,
    sizes: Sizes,
    material: Material,
    *,
    device: torch.device,
    most: int | None = None,
) -> dict[str, float]:
    """Read whole articles, each in one language: right sentence first, words, near misses told apart."""
    draw = np.random.default_rng(SEED)
    languages = {place: str(draw.choice(SPAN_LANGUAGES)) for place in sorted(material.places)}
    chosen = [(str(draw.choice(sorted(asked.questions))), asked) for asked in material.asked]
    chosen = [chosen[number] for number in draw.permutation(len(chosen))[:most]]
    places, overlaps = [], []
    answered: list[float] = []
    missed: list[float] = []
    for language, asked in chosen:
        groups = material.places[asked.place]
        texts = [material.texts[group, languages[asked.place]] for group in groups]
        with torch.no_grad():
            scores = read(
                parameters,
                states,
                sizes,
                [asked.questions[language]],
                texts=texts,
                owners=[0] * len(texts),
                device=device,
            )
        logits = scores.logits.cpu().numpy()
        (answered if asked.answers else missed).append(float(logits.max()))
        if not asked.answers:
            continue
        right = np.isin(groups, asked.answers)
        places.append(int((logits > logits[right].max()).sum()))
        span = asked.spans.get(languages[asked.place])
        if span:
            number = groups.index(asked.answers[0])
            table = scores.packing.spread(scores.edges)[number].cpu().numpy()
            part = scores.kept[number]
            sentence = texts[number].sentence
            words = choose_words(sentence, part, table[: len(part.rows)])
            overlaps.append(measure_overlap(sentence[words.begin : words.end], sentence[slice(*span)]))
    found = np.array(places)
    return {
        "first": float((found < 1).mean()),
        "third": float((found < 3).mean()),
        "F1": float(np.mean(overlaps)),
        "near": compare(np.array(answered), np.array(missed)),
        "refused": float((np.array(missed) < np.quantile(answered, 0.05)).mean()),
    }


def measure_overlap(found: str, right: str) -> float:
    """Return the F1 of words (of characters where there are no spaces)."""
    first, second = found.casefold().split(), right.casefold().split()
    if len(first) <= 1 and len(second) <= 1:
        first, second = list(found.casefold()), list(right.casefold())
        return float(first == second) if first == second else _f1(first, second)
    return _f1(first, second)


def _f1(first: list[str], second: list[str]) -> float:
    rest = list(second)
    same = 0
    for piece in first:
        if piece in rest:
            rest.remove(piece)
            same += 1
    return 2 * same / (len(first) + len(second)) if same else 0.0


def main() -> None:
    arguments = _parse_arguments()
    device = torch.device(arguments.device)
    weights = Weights(find_weights())
    sizes = weights.sizes
    torch.set_num_threads(arguments.threads)
    states = States(arguments.work, arguments.threads)
    sources = load_sources(arguments.reading, arguments.xquad)
    material = load_all_news(arguments.reading, load_split().choose_news)
    shipped = unpack_parameters(read_learned(VECTORS).tensors)
    vectors = {name: values.to(device) for name, values in shipped.items()}
    mined = mine(sources.materials[NEWS], Embedder(states, sizes, vectors, device))
    begin = make_parameters(weights)
    if arguments.go_on:
        begin = deepen(unpack_parameters(read_learned(READER).tensors), weights)
    start = {name: values.to(device) for name, values in begin.items()}
    training = Training(
        arguments.work / "reader-checkpoint.pt",
        start,
        Plan(arguments.steps, GO_ON_RATE if arguments.go_on else RATE, AVERAGE_DECAY),
        fresh=() if arguments.go_on else ("segments", "heads", "heads_bias"),
    )
    drawing = Drawing(sources, mined, arguments.seed)
    recent: deque[tuple[float, float]] = deque(maxlen=30)
    stop = min(arguments.steps, arguments.stop or arguments.steps)
    for step in track(range(training.step, stop), "learning", console=CONSOLE, refresh_per_second=0.2):
        torch.manual_seed(arguments.seed * _GAP + step)
        reads = drawing.draw(step)
        texts = [candidate.text for found in reads for candidate in found.candidates]
        owners = [number for number, found in enumerate(reads) for _ in found.candidates]
        scores = read(
            training.parameters,
            states,
            sizes,
            [found.question for found in reads],
            texts=texts,
            owners=owners,
            device=device,
            dropout=DROPOUT,
            is_rough=True,
        )
        loss, span = compute_loss(reads, scores)
        training.advance(loss + SPAN_LOSS * span)
        recent.append((loss.item(), span.item()))
        if training.step % CHECKPOINT_STEPS == 0:
            training.save()
            mean = np.mean(recent, axis=0)
            CONSOLE.print(
                f"step {training.step}: loss {mean[0]:.3f}, words {mean[1]:.3f}, {len(texts)} pairs"
            )
        if training.step % MEASURE_STEPS == 0:
            figures = measure(training.average, states, sizes, material, device=device, most=100)
            CONSOLE.print(f"step {training.step}: {describe(figures)}")
    training.save()
    figures = measure(training.average, states, sizes, material, device=device)
    CONSOLE.print(f"step {training.step}: {describe(figures)}")
    torch.save({"parameters": training.average, "step": training.step}, arguments.work / "reader.pt")
    options = f"--steps {arguments.steps} --stop {training.step} --seed {arguments.seed}"
    if arguments.go_on:
        options += " --go-on"
    (arguments.work / "reader.json").write_text(
        json.dumps(
            {"options": options, "seed": arguments.seed, "steps": training.step, "chosen_by": figures},
            indent=1,
        )
        + "\n",
        "utf-8",
    )


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="learn the reader from questions")
    parser.add_argument("reading", type=Path)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--stop", type=int, help="stop early, after so many steps")
    parser.add_argument("--go-on", action="store_true", help="begin with the reader that ships")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="other questions a step, and articles in other languages"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
