"""What a command prints when a signal ends it: what is kept, and how to continue."""

from __future__ import annotations

from collections.abc import Sequence

_KEPT = {
    "demo": "answers, finished attempts and training up to its last checkpoint are kept",
    "train": "answers, finished attempts and training up to its last checkpoint are kept",
    "evaluate": "answers given so far are kept in the cache",
    "search": "answers given so far are kept in the cache",
    "record": "answers given so far are kept in golden/",
    "plan": "answers given so far are kept in the cache",
}
_NOTHING = "nothing is left half written"
_BY = {2: "Ctrl-C", 15: "SIGTERM"}


def interrupted(arguments: Sequence[str], number: int | None) -> str:
    """Writes the one line for stderr.

    Args:
        arguments: The command line without the program.
        number: Number of the signal; None where it is not known.

    Returns:
        What is kept, and how to continue.
    """
    command = next((a for a in arguments if not a.startswith("-")), "")
    go_on = "the same command goes on from there" if command in _KEPT else "the same command starts again"
    by = f" by {_BY[number]}" if number in _BY else ""
    return f"goldgate: interrupted{by}; {_KEPT.get(command, _NOTHING)}, and {go_on}"
