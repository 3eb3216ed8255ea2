"""What nobody can do on Telegram, because no app of it offers that."""

from __future__ import annotations


class ImpossibleError(AssertionError):
    """A person is made to do what Telegram does not let people do: the caller's mistake, as in a test."""
