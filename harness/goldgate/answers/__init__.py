"""Answers as records: collected, cached, replayed; and how long one takes."""
