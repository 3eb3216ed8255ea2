"""What the bot does about an update: one file for each kind of update."""
