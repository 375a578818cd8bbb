"""Answers with their scores: what a suite sees of a subject, and which baseline is best."""
