"""One adapter: from a recipe and the train split to a checked LoRA folder."""
