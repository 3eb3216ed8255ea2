"""The database for trying things out holds what the real desk says."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.cli.assembly.desk import make_desk
from bot.corpus.articles import load_corpus
from bot.search.index import CorpusIndex
from tests.benchmarks.exchanges import fill
from tests.chat_bot import ARTICLES, MAX_ARTICLE_BYTES


async def test_exchanges_are_answered_refused_and_voted_on(tmp_path: Path) -> None:
    index = CorpusIndex.build(load_corpus(ARTICLES, MAX_ARTICLE_BYTES))
    file = tmp_path / "tried.sqlite"
    await fill(file, make_desk(index, lambda _progress: index), 60)
    with closing(sqlite3.connect(file)) as connection:
        kinds = dict(connection.execute("SELECT kind, count(*) FROM exchanges GROUP BY kind").fetchall())
        (languages,) = connection.execute("SELECT count(DISTINCT language) FROM exchanges").fetchone()
        (days,) = connection.execute("SELECT count(DISTINCT date(asked_at)) FROM exchanges").fetchone()
        (shown,) = connection.execute("SELECT count(*) FROM shown_passages").fetchone()
    assert sum(kinds.values()) == 60
    assert kinds["answer"] > 5
    assert kinds["not_found"] > 5
    assert languages >= 6
    assert days > 7
    assert shown > 100
