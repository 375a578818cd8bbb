"""The foundation of every other package: errors, files, digests and hardware. It imports nothing else of Goldgate."""
