"""Measure what was learned on what nothing was learned from or chosen by, before and after.

    python -m tests.learning.measure vectors READING XQUAD WORK
    python -m tests.learning.measure reader READING XQUAD WORK

Adds the figures to ``vectors.json`` or ``reader.json`` in WORK, from where ``convert`` takes them into
the manifest. Cosines alone, and the reader alone: what the bot makes of them, its own benchmarks say.
"""

import argparse
import json
from pathlib import Path

import torch
from rich.console import Console

from tests.learning.cosine_figures import describe, make_news_corpus, measure_news, measure_xquad
from tests.learning.e5 import TRUNK_LAYERS, Weights, find_weights
from tests.learning.layers import Parameters, read_layers
from tests.learning.news import load_news
from tests.learning.reader import measure
from tests.learning.sources import load_split
from tests.learning.squad import list_xquad_titles, load_xquad
from tests.learning.states import States
from tests.learning.vectors import Embedder

CONSOLE = Console(highlight=False, soft_wrap=True)
LANGUAGES_EACH = 4
XQUAD_QUESTIONS = 400


def measure_vectors(arguments: argparse.Namespace, parameters: Parameters) -> dict[str, dict[str, float]]:
    """Measure the untouched and the learned vectors."""
    weights = Weights(find_weights())
    sizes = weights.sizes
    states = States(arguments.work)
    device = torch.device("cpu")
    corpus = make_news_corpus(load_news(arguments.reading, load_split().measure_news), LANGUAGES_EACH)
    _, odd = list_xquad_titles(arguments.xquad)
    pool = load_xquad(arguments.xquad, frozenset(odd))
    figures: dict[str, dict[str, float]] = {}
    original = Embedder(states, sizes, read_layers(weights, range(TRUNK_LAYERS, sizes.layers)), device)
    learned = Embedder(states, sizes, parameters, device)
    for name, embed in (("before", original.embed), ("after", learned.embed)):
        news = measure_news(corpus, embed, with_clauses=True)
        CONSOLE.print(f"{name}: news {describe(news)}")
        xquad = measure_xquad(pool, embed, XQUAD_QUESTIONS)
        CONSOLE.print(f"{name}: xquad {describe(xquad)}")
        figures |= {f"news_{name}": news, f"xquad_{name}": xquad}
    return figures


def measure_reader(arguments: argparse.Namespace, parameters: Parameters) -> dict[str, dict[str, float]]:
    """Measure the reader within the news articles."""
    sizes = Weights(find_weights()).sizes
    material = load_news(arguments.reading, load_split().measure_news)
    figures = measure(parameters, States(arguments.work), sizes, material, device=torch.device("cpu"))
    CONSOLE.print(describe(figures))
    return {"news": figures}


def main() -> None:
    parser = argparse.ArgumentParser(description="measure what was learned")
    parser.add_argument("kind", choices=("vectors", "reader"))
    parser.add_argument("reading", type=Path)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("work", type=Path)
    arguments = parser.parse_args()
    parameters: Parameters = torch.load(arguments.work / f"{arguments.kind}.pt")["parameters"]
    run = measure_vectors if arguments.kind == "vectors" else measure_reader
    path = arguments.work / f"{arguments.kind}.json"
    record = json.loads(path.read_text("utf-8"))
    record["measured"] = run(arguments, parameters)
    path.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
