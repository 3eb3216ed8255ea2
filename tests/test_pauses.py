"""Pauses grow up to the longest, and begin again when told to."""

from bot.pauses import GrowingPause


def test_pause_doubles_up_to_the_longest() -> None:
    pause = GrowingPause(5.0, 60.0)
    assert [pause.grow() for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    pause.reset()
    assert pause.grow() == 5.0


def test_pause_is_never_longer_than_the_longest() -> None:
    pause = GrowingPause(5.0, 0.1)
    assert [pause.grow(), pause.grow()] == [0.1, 0.1]
