"""Bring collections that come in SQuAD's form into that of READING.

    python -m tests.learning.collect CLONES READING

CLONES has the clones ``DRCD`` (DRCKnowledgeTeam/DRCD) and ``cmrc2018`` (ymcui/cmrc2018); READING gets
``drcd.jsonl.gz`` and ``cmrc2018.jsonl.gz``. It takes the parts that were made to measure: they are small, and
nothing here is measured on them.
"""

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILES = {
    "drcd": ("DRCD/DRCD_dev.json", "DRCD/DRCD_test.json"),
    "cmrc2018": (
        "cmrc2018/squad-style-data/cmrc2018_dev.json",
        "cmrc2018/squad-style-data/cmrc2018_trial.json",
    ),
}
LANGUAGE = "zh"


def read_questions(path: Path) -> Iterator[dict[str, Any]]:
    """Read the questions of a file, without those whose first answer does not stand where it is said to."""
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            for item in paragraph["qas"]:
                text, start = item["answers"][0]["text"], item["answers"][0]["answer_start"]
                if context[start : start + len(text)] == text:
                    yield {
                        "lang": LANGUAGE,
                        "question": item["question"],
                        "context": context,
                        "answers": [{"text": text, "start": start}],
                        "id": item["id"],
                        "title": article["title"],
                    }


def main() -> None:
    parser = argparse.ArgumentParser(description="bring collections into the form of READING")
    parser.add_argument("clones", type=Path)
    parser.add_argument("reading", type=Path)
    arguments = parser.parse_args()
    for name, files in FILES.items():
        with gzip.open(arguments.reading / f"{name}.jsonl.gz", "wt", encoding="utf-8") as target:
            for file in files:
                for row in read_questions(arguments.clones / file):
                    target.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
