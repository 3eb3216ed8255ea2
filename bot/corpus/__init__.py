"""Article files in, sentences out. Knows nothing of ranking."""
