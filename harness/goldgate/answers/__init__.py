"""Answers as records: collected, cached and replayed; and how long each one takes."""
