"""Run folders: what stands in them, typed (`record`, `golden`), and where they lie (`folder`)."""
