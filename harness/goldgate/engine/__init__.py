"""Answers from a model in memory: batched generation, constrained decoding and label scoring."""
