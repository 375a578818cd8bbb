"""optimized:N shows instructions and at most N fixed shots that a search on train found."""

from __future__ import annotations

from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.prompts.fixed import Fixed
from goldgate.prompts.strategy import Sources
from goldgate.prompts.winner import Winner, read_winner, searched_for, winner_path
from goldgate.task.examples import Example, Split

_FAULTS = {
    "model": "it was searched for the model {was}, not for {now}",
    "weights": "it was searched with other weights of {model}",
    "train": "it was searched on another train split",
    "instructions": "the instructions in task.yaml have changed since the search",
    "answers": "the schema, labels, fields or style have changed since the search",
    "decoding": "the decoding in task.yaml has changed since the search",
    "chat": "the chat template has changed since the search",
}
"""What is wrong if a field of Searched differs."""


class NotSearched(UserError):
    """No prompt has been searched yet."""


class Optimized(Fixed):
    """The prompt that a search found for this task, train split and model.

    Raises:
        NotSearched: There is no file with such a prompt.
        UserError: The file does not fit the task, the train split or the model, or it was edited.
    """

    def __init__(self, sources: Sources, count: int) -> None:
        name, path = f"optimized:{count}", winner_path(sources.task, count, sources.asked)
        command = search_command(sources, name)
        if not path.is_file():
            raise NotSearched(
                f"the prompt of {name} for {sources.asked} has not been searched yet",
                str(path),
                f"search it with `{command}` and commit the file; `goldgate train {sources.task.name}` does so too",
            )
        winner, train = read_winner(path), sources.train()
        again = f"delete the file, search again with `{command}` and commit the new one"
        _check(winner, count, sources, train.fingerprint, path, again)
        super().__init__(name, winner.system, _shots(winner, train, path, again))


def search_command(sources: Sources, name: str) -> str:
    """Returns the command that searches an optimised prompt for the model that is asked."""
    who = f"base+{name}" if sources.asked == sources.task.model else f"{sources.asked}+{name}"
    return f"goldgate evaluate {sources.task.name} --subject {who}"


def _check(winner: Winner, count: int, sources: Sources, train: str, path: Path, again: str) -> None:
    """Raises UserError if the prompt was searched for something else."""
    now = searched_for(sources.task, sources.asked, sources.weights, train).model_dump()
    was = winner.searched.model_dump()
    if sources.weights is None:  # a digest that is not known here says nothing; the identity has it where it counts
        now["weights"] = was["weights"]
    for field, fault in _FAULTS.items():
        if now[field] != was[field]:
            words = fault.format(was=was[field], now=now[field], model=sources.asked)
            raise UserError(words, f'{path}, field "searched.{field}"', again)
    if winner.shots_asked != count or len(winner.shots) > count:
        words = f"it was searched with at most {winner.shots_asked} shots and has {len(winner.shots)}, for {count}"
        raise UserError(words, f'{path}, field "shots"', again)


def _shots(winner: Winner, train: Split, path: Path, again: str) -> list[Example]:
    """Finds the shots in train: one from anywhere else would be a leak. Raises UserError for one that is not there."""
    shots = []
    for i, wanted in enumerate(winner.shots):
        shot = train.by_id.get(wanted.id)
        if shot is None or shot.digest != wanted.digest:
            raise UserError(f'the shot "{wanted.id}" is not in train', f'{path}, field "shots.{i}"', again)
        shots.append(shot)
    return shots
