"""Cleaning rows: texts by rules that cannot change their meaning, outputs in one form, every change logged."""
