"""Example questions as buttons: a tap asks."""

from telegram import CallbackQuery

from bot.chat.handlers.posing import Posing
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import acknowledge, find_message
from bot.wording.examples import Examples

EXAMPLE_PATTERN = r"^ask:[0-9a-f]{12}$"
"""What the buttons of examples call back with."""


class ExampleButtons:
    """Asks an example for whoever taps it."""

    def __init__(self, *, examples: Examples, readings: ReaderLanguages, posing: Posing) -> None:
        """Take the questions, the texts, and who asks."""
        self._examples = examples
        self._readings = readings
        self._posing = posing

    async def on_press(self, press: CallbackQuery) -> None:
        """Ask the question of the button, or say that it is gone."""
        words = self._examples.find((press.data or "").partition(":")[2])
        near = find_message(press)
        if words is None or near is None:
            phrases = await self._readings.phrases_for(press.from_user)
            await acknowledge(press, phrases.say("example.gone"))
            return
        await acknowledge(press)
        await self._posing.pose(near, press.from_user, words)
