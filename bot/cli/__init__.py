"""The command line, and the composition root that makes every object once."""
