"""Draws how far the confidence can be trusted, and prints its expected calibration error.

    python -m tests.benchmarks.reliability [--output FILE] [QUESTIONS …]

A point is a tenth of the questions, in the order of their confidence: across, their mean confidence;
up, the part of them that the articles answer (Guo et al. 2017, "On Calibration of Modern Neural
Networks", section 2, with bins of equal size because there are few questions).
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from rich.console import Console

from bot.cli.index_loading import IndexLoader
from bot.cli.settings_loading import load_settings
from bot.evaluation.measurement import ask_all, measure_calibration_error
from bot.evaluation.questions import read_questions
from bot.settings import PROJECT

CONSOLE = Console(highlight=False)
DATA = PROJECT / "tests" / "data"
QUESTIONS = (DATA / "questions_test.toml", DATA / "questions_paraphrased.toml")
BINS = 10


def main() -> None:
    """Ask, print and draw."""
    parser = argparse.ArgumentParser(description="draw the reliability diagram of the confidence")
    parser.add_argument("questions", type=Path, nargs="*", default=QUESTIONS)
    parser.add_argument("--output", type=Path, default=DATA / "pictures" / "reliability.png")
    arguments = parser.parse_args()
    settings, _ = load_settings()
    index = IndexLoader(settings).load(None)
    results = [result for path in arguments.questions for result in ask_all(read_questions(path), index)]
    confidences = np.array([result.findings.confidence for result in results])
    is_answerable = np.array([not result.question.unanswerable for result in results])
    error = measure_calibration_error(confidences.tolist(), is_answerable.tolist())
    CONSOLE.print(f"{len(results)} questions, expected calibration error {error:.3f}")
    bins = np.array_split(np.argsort(confidences), BINS)
    figure, axes = plt.subplots(figsize=(4, 4))
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    axes.plot(
        [confidences[rows].mean() for rows in bins], [is_answerable[rows].mean() for rows in bins], marker="o"
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="answerable", aspect="equal")
    figure.tight_layout()
    figure.savefig(arguments.output, dpi=120)


if __name__ == "__main__":
    main()
