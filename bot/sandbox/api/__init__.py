"""What the server answers: HTTP, the methods of the Bot API, and planned failures."""
