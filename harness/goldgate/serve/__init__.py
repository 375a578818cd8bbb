"""`goldgate serve`: what passed its gates, as an OpenAI-compatible endpoint.

engine (a process per model) → answer (validated before the first byte, except for text) → API. Imported by the command
alone, because it needs the extra `serve`.
"""
