"""Draw which articles are learned from, which choose and which measure, and write the lists.

    python -m tests.learning.split READING XQUAD

By article, because two paragraphs of one article share words. Drawn once; the file is committed, so
that nobody who learns or measures later mixes them up.
"""

import argparse
from pathlib import Path

import numpy as np
import tomli_w

from tests.learning.news import load_news
from tests.learning.sources import SPLIT_FILE
from tests.learning.squad import list_xquad_titles

SEED = 0
MEASURED_NEWS = 20
CHOOSING_NEWS = 12
CHOOSING_XQUAD = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="draw which articles are learned from")
    parser.add_argument("reading", type=Path)
    parser.add_argument("xquad", type=Path)
    arguments = parser.parse_args()
    draw = np.random.default_rng(SEED)
    documents = draw.permutation(sorted(load_news(arguments.reading).places)).tolist()
    even, odd = list_xquad_titles(arguments.xquad)
    chosen = MEASURED_NEWS + CHOOSING_NEWS
    table = {
        "news": {
            "measure": sorted(documents[:MEASURED_NEWS]),
            "choose": sorted(documents[MEASURED_NEWS:chosen]),
            "learn": sorted(documents[chosen:]),
        },
        "xquad": {
            "choose": sorted(draw.permutation(sorted(even))[:CHOOSING_XQUAD].tolist()),
            "measure": odd,
        },
    }
    table["xquad"]["learn"] = [title for title in even if title not in table["xquad"]["choose"]]
    SPLIT_FILE.write_text(
        f"# Written by tests/learning/split.py, seed {SEED}.\n" + tomli_w.dumps(table), "utf-8"
    )


if __name__ == "__main__":
    main()
