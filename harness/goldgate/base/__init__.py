"""What every other part stands on: errors, files, digests, the machine. Imports nothing of Goldgate."""
