"""The tab: the page that shows the sandbox, what it is told and what it may ask for.

`web` serves the page and guards its door, `live` is its WebSocket, `view` writes down what somebody
sees, `deeds` lets them act. The page itself is `bot/sandbox/page`.
"""
