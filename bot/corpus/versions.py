"""Every version of the corpus that served: its files, when it began to serve, and what was new in it.

A version is a list of files with the digests of their contents, which ``store`` keeps once each,
however many versions share them. The number of versions and their size are bounded: the oldest go
first, and the newest one that served always stays. A version is named by the hash of its content; one
that serves again moves to the front.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.corpus.articles import find_articles, name_version
from bot.corpus.changes import Change, ChangeKind, GoneError, StoreError
from bot.corpus.durable import remove_durably, write_durably
from bot.corpus.store import ArticleStore
from bot.model import Corpus

_SUFFIX = ".md"


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the tests that there were a version answered right."""

    right: int
    total: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the corpus; ``kept_at`` (UTC) is when it last began to serve, or was put aside.

    ``by`` is whoever made it, a user id or "shell"; None where files were changed by hand. ``new``,
    ``changed`` and ``gone`` count articles, against the version before. ``has_served`` is false for
    files that were put aside by a roll back, and may have mistakes. ``score`` is the latest one, if the
    tests were asked while it served.
    """

    id: str
    kept_at: datetime
    by: str | None
    new: int
    changed: int
    gone: int
    has_served: bool
    files: Mapping[str, str]
    score: Score | None = None


class Versions:
    """The versions that are kept."""

    def __init__(self, store: ArticleStore, state: Path, *, max_versions: int, max_bytes: int) -> None:
        """Keep at most so many versions, and so many bytes of articles, in ``state``."""
        self._store = store
        self._folder = state / "versions"
        self._max_versions = max_versions
        self._max_bytes = max_bytes

    def keep(self, corpus: Corpus) -> Version | None:
        """Keep a corpus that serves from now on; return None where its files have changed meanwhile.

        Raises:
            StoreError: it cannot be written.
        """
        with self._store.locked():
            files = {}
            for article in corpus.articles:
                path = f"{article.id}{_SUFFIX}"
                content = self._store.read_file(path)
                if content is None or self._keep_content(content) != article.digest:
                    return None
                files[path] = article.digest
            return self._keep(corpus.version, files, has_served=True)

    def list_versions(self) -> list[Version]:
        """Return the versions, the newest first."""
        versions = [_read_version(path) for path in self._folder.glob("[!.]*.json")]
        return sorted(versions, key=lambda version: version.kept_at, reverse=True)

    def find(self, version_id: str) -> Version | None:
        """Return the version with an id, or None."""
        return next((version for version in self.list_versions() if version.id == version_id), None)

    def find_last_good(self) -> Version | None:
        """Return the version that served last, or None."""
        return next((version for version in self.list_versions() if version.has_served), None)

    def note_score(self, version_id: str, score: Score) -> None:
        """Keep how a version did in the tests; where it is not kept itself, do nothing.

        Raises:
            StoreError: it cannot be written.
        """
        with self._store.locked():
            version = self.find(version_id)
            if version is not None and version.score != score:
                self._write(replace(version, score=score))

    def roll_back(self, version_id: str, *, by: str, key: str) -> Change:
        """Put the files of a version into the corpus folder, in one step; what was there is kept too.

        With the same key again it changes nothing.

        Raises:
            GoneError: there is no such version.
            PendingError: this change, or an earlier one, was begun and cannot be finished now.
            StoreError: the files cannot be written or read; the folder is as before.
        """
        with self._store.locked():
            self._store.recover()
            made = self._store.find_change(key)
            if made is not None:
                return made
            version = self.find(version_id)
            if version is None:
                raise GoneError(version_id)
            contents: dict[str, bytes | None] = {
                path: self._store.contents.read(digest) for path, digest in version.files.items()
            }
            there = self._put_aside()
            contents |= {path: None for path in there if path not in contents}
            return self._store.make(ChangeKind.ROLL_BACK, contents, by=by, key=key)

    @contextmanager
    def unpacked(self, version: Version) -> Iterator[Path]:
        """Lay the files of a version into a folder that lasts as long as the context.

        Raises:
            StoreError: a content is not there or damaged.
        """
        with tempfile.TemporaryDirectory(prefix="corpus-") as name:
            folder = Path(name)
            for path, digest in version.files.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self._store.contents.read(digest))
            yield folder

    def _put_aside(self) -> dict[str, str]:
        """Keep the article files as they are, with whatever mistakes; return them."""
        files = {}
        folder = self._store.folder
        for found in find_articles(folder):
            path = found.relative_to(folder).as_posix()
            content = self._store.read_file(path)
            if content is not None:
                files[path] = self._keep_content(content)
        version_id = name_version(files.values())
        if files and self.find(version_id) is None:
            self._keep(version_id, files, has_served=False)
        return files

    def _keep_content(self, content: bytes) -> str:
        try:
            return self._store.contents.keep(content)
        except OSError as error:
            raise _explain(error) from None

    def _keep(self, version_id: str, files: dict[str, str], *, has_served: bool) -> Version:
        known = self.list_versions()
        is_newest = bool(known) and known[0].id == version_id and known[0].files == files
        if is_newest and known[0].has_served:
            return known[0]
        # What was put aside and serves now is still compared with the version before it.
        earlier = known[1:] if is_newest else known
        before = earlier[0].files if earlier else {}
        changes = self._store.list_changes()
        is_made_here = bool(changes) and (not earlier or changes[0].made_at > earlier[0].kept_at)
        version = Version(
            id=version_id,
            kept_at=datetime.now(UTC),
            by=changes[0].by if is_made_here and has_served else None,
            new=len(files.keys() - before.keys()),
            changed=sum(files[path] != before[path] for path in files.keys() & before.keys()),
            gone=len(before.keys() - files.keys()),
            has_served=has_served,
            files=files,
            score=next((each.score for each in known if each.id == version_id), None),
        )
        self._write(version)
        try:
            self._drop_oldest()
        except OSError as error:
            raise _explain(error) from None
        return version

    def _write(self, version: Version) -> None:
        content = json.dumps(asdict(version) | {"kept_at": version.kept_at.isoformat()}).encode()
        try:
            write_durably(self._folder / f"{version.id}.json", content)
        except OSError as error:
            raise _explain(error) from None

    def _drop_oldest(self) -> None:
        wanted: dict[str, int] = {}
        last_good = self.find_last_good()
        for number, version in enumerate(self.list_versions()):
            sizes = {digest: self._store.contents.measure(digest) for digest in version.files.values()}
            is_too_much = number >= self._max_versions or sum((wanted | sizes).values()) > self._max_bytes
            if is_too_much and number and version.id != (last_good.id if last_good else None):
                remove_durably(self._folder / f"{version.id}.json")
            else:
                wanted |= sizes
        self._store.drop_oldest(wanted)


def _read_version(path: Path) -> Version:
    record = json.loads(path.read_bytes())
    score = record.get("score")
    read = {"kept_at": datetime.fromisoformat(record["kept_at"]), "score": Score(**score) if score else None}
    return Version(**record | read)


def _explain(error: OSError) -> StoreError:
    return StoreError(f"{error.filename}: cannot be written: {error.strerror or error}")
