"""Article files: read, checked, and cut into passages.

A file is TOML front matter between ``+++`` lines, then plain text with a blank line between
paragraphs. Every mistake in every file is collected, so that all of them can be mended in one go; a
folder with a mistake gives no corpus at all. Nothing outside the folder is read, and the size of a file
and of all files together is bounded. This module writes no files.
"""

import hashlib
import os
import re
import stat
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.characters import UNFIT_FOR_ARTICLES
from bot.corpus.front_matter import FrontMatterError, find_key, parse_front_matter, split_front_matter
from bot.corpus.headings import find_headings
from bot.corpus.sentences import split_sentences
from bot.model import Article, Corpus, Passage

_SUFFIX = ".md"
MAX_CORPUS_BYTES = 67_108_864
"""The default limit on the size of all articles together."""

# A single no-break space is kept as the author set it; a run of any white space is layout.
_BLANKS = re.compile(r"\s{2,}|[\t\n\v\f\r]")
# Keeps open() from waiting on a named pipe; Windows has neither named pipes in folders nor this flag.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)
_VERSION_LENGTH = 12
_SENTENCES_AROUND = 2


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in an article file; ``line`` counts from 1 and is 0 for the file as a whole."""

    path: Path
    line: int
    remedy: str

    def __str__(self) -> str:
        """Return ``path:line: remedy``, as compilers do."""
        return f"{self.path}:{self.line}: {self.remedy}" if self.line else f"{self.path}: {self.remedy}"


class CorpusError(Exception):
    """The articles cannot be read; ``mistakes`` has every mistake, in the order of the files."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def load_corpus(folder: Path, max_article_bytes: int, max_corpus_bytes: int = MAX_CORPUS_BYTES) -> Corpus:
    """Read every ``*.md`` file below a folder.

    Raises:
        CorpusError: a file is not a valid article, two articles have the same source, there is no
            article, or the articles are too large together.
    """
    mistakes: list[Mistake] = [*_find_linked_folders(folder)]
    articles: list[Article] = []
    sources: dict[str, Path] = {}
    room = max_corpus_bytes
    for path in find_articles(folder):
        try:
            content = _read_bytes(path, folder, max_article_bytes)
            room -= len(content)
            if room < 0:
                remedy = f"holds more than {max_corpus_bytes} bytes of articles; raise BOT_MAX_CORPUS_BYTES"
                mistakes.append(Mistake(folder, 0, remedy))
                break
            article = parse_article(path, folder, content)
        except CorpusError as error:
            mistakes += error.mistakes
            continue
        earlier = sources.setdefault(article.source.rstrip("/"), path)
        if earlier is path:
            articles.append(article)
        else:
            line = find_key(content.decode("utf-8-sig").splitlines(), "source")
            remedy = f"source: {earlier} already has this URL; each article needs its own"
            mistakes.append(Mistake(path, line, remedy))
    if not articles and not mistakes:
        state = "holds no articles (*.md)" if folder.is_dir() else "is not a folder"
        mistakes.append(Mistake(folder, 0, f"{state}; put articles there or set BOT_CORPUS"))
    if mistakes:
        raise CorpusError(mistakes)
    return Corpus(
        articles=tuple(articles),
        passages=tuple(passage for article in articles for passage in _cut(article)),
        version=name_version(article.digest for article in articles),
    )


def name_version(digests: Iterable[str]) -> str:
    """Return the version of a corpus from the digests of its articles, in any order."""
    content = hashlib.sha256()
    for digest in sorted(digests):
        content.update(digest.encode())
    return content.hexdigest()[:_VERSION_LENGTH]


def find_strangers(folder: Path) -> list[Path]:
    """List the files in the folder that are not read because they do not end in ``.md``."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != _SUFFIX and not _is_hidden(path, folder)
    )


@dataclass(frozen=True, slots=True)
class CorpusChange:
    """The ids of the articles that differ between two corpora."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def compare_corpora(before: Corpus, after: Corpus) -> CorpusChange:
    """Return which articles are new, changed and gone, by id."""
    old = {article.id: article.digest for article in before.articles}
    new = {article.id: article.digest for article in after.articles}
    return CorpusChange(
        new=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(key for key in new.keys() & old.keys() if new[key] != old[key])),
        gone=tuple(sorted(old.keys() - new.keys())),
    )


def find_articles(folder: Path) -> list[Path]:
    """Return the paths that are named like articles, without folders so named."""
    return sorted(
        path for path in folder.rglob(f"*{_SUFFIX}") if not path.is_dir() and not _is_hidden(path, folder)
    )


def _find_linked_folders(folder: Path) -> Iterator[Mistake]:
    """Yield a mistake for each link to a folder: links are not followed, since they may lead anywhere."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and path.is_dir() and not _is_hidden(path, folder):
            remedy = "is a link to a folder, which is not followed; copy the folder here instead"
            yield Mistake(path, 0, remedy)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def parse_article(path: Path, folder: Path, content: bytes) -> Article:
    """Parse the content of one file.

    Raises:
        CorpusError: with every mistake in this file.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError([Mistake(path, line, "is not UTF-8 text; save the file as UTF-8")]) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    try:
        front, body = split_front_matter(lines)
    except FrontMatterError as error:
        raise CorpusError([Mistake(path, line, remedy) for line, remedy in error.mistakes]) from None
    mistakes: list[Mistake] = []
    paragraphs = tuple(split_paragraphs(body))
    if not paragraphs:
        mistakes.append(Mistake(path, len(front) + 1, "there is no text below the front matter"))
    try:
        matter = parse_front_matter(front)
    except FrontMatterError as error:
        mistakes[:0] = [Mistake(path, line, remedy) for line, remedy in error.mistakes]
    if mistakes:
        raise CorpusError(mistakes)
    return Article(
        id=path.relative_to(folder).with_suffix("").as_posix(),
        language=matter.language,
        source=matter.source,
        outlet=matter.outlet or urlsplit(matter.source).netloc,
        published=matter.published,
        title=matter.title,
        paragraphs=paragraphs,
        digest=hashlib.sha256(content).hexdigest(),
        original=matter.original if matter.original != matter.language else None,
    )


def _read_bytes(path: Path, folder: Path, max_article_bytes: int) -> bytes:
    """Read a regular file in the folder.

    Raises:
        CorpusError: the path leads out of the folder, is not a regular file, or is too large.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise CorpusError([Mistake(path, 0, "its name is not UTF-8; rename it")]) from None
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            remedy = "is a link that leads out of the folder; copy the file here instead"
            raise CorpusError([Mistake(path, 0, remedy)])
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _WITHOUT_WAITING)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                remedy = "is not a regular file; move it out of the folder of the articles"
                raise CorpusError([Mistake(path, 0, remedy)])
            content = file.read(max_article_bytes + 1)
    except OSError as error:
        raise CorpusError([Mistake(path, 0, f"cannot be read: {error.strerror or error}")]) from None
    if len(content) > max_article_bytes:
        remedy = f"is larger than {max_article_bytes} bytes; split it or raise BOT_MAX_ARTICLE_BYTES"
        raise CorpusError([Mistake(path, 0, remedy)])
    return content


def split_paragraphs(lines: list[str]) -> Iterator[str]:
    """Yield the paragraphs, composed, without control characters, which nobody can read."""
    for block in re.split(r"\n\s*\n", unicodedata.normalize("NFC", "\n".join(lines))):
        text = _BLANKS.sub(" ", UNFIT_FOR_ARTICLES.sub("", block)).strip()
        if text:
            yield text


def _cut(article: Article) -> Iterator[Passage]:
    paragraphs = [split_sentences(paragraph, article.language) for paragraph in article.paragraphs]
    headings = find_headings(paragraphs)
    sentences = [(sentence, number) for number, cut in enumerate(paragraphs) for sentence in cut]
    texts = [sentence for sentence, _ in sentences]
    # A heading does not run on into the sentences below it.
    running = [position for position, (_, number) in enumerate(sentences) if number not in headings]
    for position, (sentence, number) in enumerate(sentences):
        here, beyond = bisect_left(running, position), bisect_right(running, position)
        yield Passage(
            article=article,
            text=sentence,
            paragraph=number,
            position=position,
            before=" ".join(texts[one] for one in running[max(0, here - _SENTENCES_AROUND) : here]),
            after=" ".join(texts[one] for one in running[beyond : beyond + _SENTENCES_AROUND]),
            is_heading=number in headings,
        )
