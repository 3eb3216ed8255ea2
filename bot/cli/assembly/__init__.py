"""The assembly: the only place that knows every room, makes every object and unpacks the settings.

``telegram`` makes the bot on Telegram with its ``handlers``; ``terminal`` makes what answers in a
terminal. Both stand on the ``desk``, and on the ``articles`` as something that is changed. What is made
here is handed to constructors, and nothing is looked up elsewhere.
"""
