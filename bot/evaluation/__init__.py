"""How good the answers are: question files in, figures out."""
