"""Model files and what is loaded from them: base models, adapters, chat templates and the embedder."""
