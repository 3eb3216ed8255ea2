"""Evaluation: question files in, figures out."""
