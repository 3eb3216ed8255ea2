"""An encoder that remembers every vector, because many drawn corpora share their texts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bot.model import Passage
from bot.search.encoder import Encoder, Vectors
from bot.search.semantic import plan_texts
from bot.search.translation import Vocabulary
from bot.search.vectors import VectorCache, embed_texts


class RememberingEncoder:
    """Embeds a text once; ``remember`` reads from a cache on disk what an earlier run embedded."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._questions: dict[str, Vectors] = {}
        self._passages: dict[str, Vectors] = {}

    def remember(self, passages: Sequence[Passage], folder: Path, console: Console) -> None:
        """Embed all texts of passages, or read their vectors from disk."""
        texts = plan_texts(passages)
        seen = (*texts.sentences, *texts.clauses, *texts.contexts)
        words = Vocabulary(passages).words
        with Progress(console=console, refresh_per_second=0.2) as bar:
            task = bar.add_task("embedding", total=None)
            rows, word_rows = embed_texts(
                self._encoder,
                passages=seen,
                questions=words,
                cache=VectorCache(folder),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        self._passages.update(zip(seen, rows, strict=True))
        self._questions.update(zip(words, word_rows, strict=True))

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, each once."""
        new = list(dict.fromkeys(text for text in texts if text not in self._questions))
        if new:
            self._questions.update(zip(new, self._encoder.embed_questions(new), strict=True))
        return np.stack([self._questions[text] for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, each once."""
        new = list(dict.fromkeys(text for text in texts if text not in self._passages))
        if new:
            self._passages.update(zip(new, self._encoder.embed_passages(new), strict=True))
        return np.stack([self._passages[text] for text in texts])
