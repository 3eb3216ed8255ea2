"""Where what is learned from comes from, and which of it is kept for choosing and measuring.

Which articles are learned from, chosen by or measured on stands in ``split.toml``. XQuAD's articles at odd
positions are never read but to measure, nor are articles of the other collections that have the title of one
of them. Nothing of it but ``written/`` is kept in this project.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.learning.material import Asked, Material
from tests.learning.news import NEWS, list_written_articles, load_all_news, load_news
from tests.learning.squad import XQUAD, list_xquad_titles, load_collection, load_xquad, simplify_title

SPLIT_FILE = Path(__file__).with_name("split.toml")
LEARNED_XQUAD_LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "vi", "zh")
WITNESS = "tr"
"""A language that is never learned from, so that it shows what becomes of those without questions."""

PROVENANCE = {
    NEWS: "NTREX-128 (github.com/MicrosoftTranslator/NTREX), CC BY-SA 4.0; questions made for it",
    XQUAD: "XQuAD-R (github.com/google-research-datasets/lareqa), even articles, CC BY-SA 4.0",
    "norquad": "NorQuAD (ltgoslo/NorQuAD), CC0",
    "piaf-fr": "PIAF (etalab-ia/piaf), MIT",
    "squad2-dev-en": "SQuAD 2.0, dev, XQuAD's even articles, CC BY-SA 4.0",
    "tydiqa-goldp": "TyDi QA, gold passage, Apache-2.0",
    "mlqa-dev-vi-en": "MLQA, dev, CC BY-SA 3.0",
    "facqa-id": "FacQA (IndoNLU), MIT",
    "jaquad": "JaQuAD, a part, CC BY-SA 3.0",
    "swequad-mc": "SweQuAD-MC, CC BY 4.0",
    "drcd": "DRCD (DRCKnowledgeTeam/DRCD), dev and test, CC BY-SA 3.0",
    "cmrc2018": "CMRC 2018 (ymcui/cmrc2018), dev and trial, CC BY-SA 4.0",
    "written": "tests/learning/written: questions about news, and articles with questions; CC BY-SA 4.0",
}
"""What is learned from, where it comes from, and its licence as found there."""

UNWELCOME_TITLES = frozenset({"华沙", "芝加哥大學", "蒸汽机", "Đại học Harvard"})
"""What collections in other languages call articles that XQuAD has at odd positions: Warsaw, the University
of Chicago, steam engine, Harvard University."""

COLLECTIONS = tuple(name for name in PROVENANCE if name not in {NEWS, XQUAD, "written"})

_GAP = 1_000_000


@dataclass(frozen=True, slots=True)
class Split:
    """Which articles choose and which measure; all others are learned from."""

    choose_news: frozenset[str]
    measure_news: frozenset[str]
    choose_xquad: frozenset[str]


def load_split(path: Path = SPLIT_FILE) -> Split:
    """Read the lists."""
    table = tomllib.loads(path.read_text("utf-8"))
    return Split(
        frozenset(table["news"]["choose"]),
        frozenset(table["news"]["measure"]),
        frozenset(table["xquad"]["choose"]),
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """What is learned from: one material a source, whose groups are told apart by ``offsets``."""

    materials: dict[str, Material]
    answered: dict[str, list[Asked]]
    offsets: dict[str, int]


def load_sources(reading: Path, xquad: Path) -> Sources:
    """Read everything that may be learned from."""
    split = load_split()
    even, odd = list_xquad_titles(xquad)
    news = load_news(reading)
    learned_news = frozenset(news.places) - split.choose_news - split.measure_news
    unwelcome = frozenset(map(simplify_title, (*odd, *split.choose_xquad, *UNWELCOME_TITLES)))
    materials = {
        NEWS: load_all_news(reading, learned_news | list_written_articles()),
        XQUAD: load_xquad(xquad, frozenset(even) - split.choose_xquad, LEARNED_XQUAD_LANGUAGES),
    }
    materials |= {name: load_collection(reading, name, unwelcome) for name in COLLECTIONS}
    answered = {name: [asked for asked in found.asked if asked.answers] for name, found in materials.items()}
    offsets = {name: number * _GAP for number, name in enumerate(materials)}
    return Sources(materials, answered, offsets)
