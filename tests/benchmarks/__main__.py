"""Runs the commands of MEASUREMENTS.md, section after section, and prints what they print.

    python -m tests.benchmarks [--reading READING] [--xquad XQUAD] [SECTION …]

Without a section, those of the answers: what takes minutes, not hours. READING and XQUAD are the
folders that the commands of News and XQuAD-R name; without them these are left out.
"""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.settings import PROJECT

MEASUREMENTS = PROJECT / "tests" / "MEASUREMENTS.md"
ANSWERS = (
    "Answers",
    "Language of a question",
    "Conversations",
    "News",
    "Parts of the ranking",
    "XQuAD-R",
    "Speed and memory",
    "Gaps",
    "Pins",
)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read_commands(text: str) -> dict[str, list[str]]:
    """Return the commands of each section, in order."""
    pieces = _SECTION.split(text)[1:]
    return {
        name: [line for block in _COMMANDS.findall(body) for line in block.splitlines()]
        for name, body in zip(pieces[::2], pieces[1::2], strict=True)
    }


def fill_in(commands: list[str], folders: dict[str, Path | None]) -> Iterator[str]:
    """Put folders where a command names them; leave out one whose folder is not given."""
    for command in commands:
        words = command.split()
        missing = [name for name, folder in folders.items() if name in words and folder is None]
        if missing:
            sys.stderr.write(f"left out, since {' and '.join(missing)} is not given: {command}\n")
        else:
            yield " ".join(shlex.quote(str(folders[word])) if word in folders else word for word in words)


def main() -> None:
    """Run and print; end with the number of commands that failed."""
    sections = read_commands(MEASUREMENTS.read_text("utf-8"))
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", metavar="SECTION", nargs="*", default=ANSWERS)
    parser.add_argument("--reading", type=Path)
    parser.add_argument("--xquad", type=Path)
    options = parser.parse_args()
    if unknown := [name for name in options.sections if name not in sections]:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(sections)}")
    failed = 0
    for section in options.sections:
        sys.stdout.write(f"\n## {section}\n")
        for command in fill_in(sections[section], {"READING": options.reading, "XQUAD": options.xquad}):
            sys.stdout.write(f"\n$ {command}\n")
            sys.stdout.flush()
            failed += subprocess.run(["bash", "-c", command], cwd=PROJECT, check=False).returncode != 0  # noqa: S603, S607
    sys.exit(failed)


if __name__ == "__main__":
    main()
