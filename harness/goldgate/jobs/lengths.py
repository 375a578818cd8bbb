"""Measuring the lengths of rows as training would: the model's tokenizer, the recipe's prompt and its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goldgate.base.extras import is_installed
from goldgate.base.files import in_home, read_json
from goldgate.data.lengths import TooLong, too_long
from goldgate.data.row import Row
from goldgate.models.embedded import EMBEDDED, ensure_model, hidden_size, is_here
from goldgate.task.project import Project
from goldgate.task.task import Task


def find_too_long(project: Project, task: Task, splits: Mapping[str, Sequence[Row]]) -> Sequence[TooLong] | str:
    """Finds rows that training would refuse, prompts that would not be asked, and outputs that could not be answered.

    Args:
        project: The project, whose cache has the models.
        task: The task. Its model is not downloaded for this.
        splits: Split → its rows; only those of train are measured against the longest example that is learned from.

    Returns:
        What is too long; or the reason why lengths cannot be measured yet.

    Raises:
        UserError: A setting of `train:` in task.yaml is wrong, or the model's template refuses the messages.
    """
    from goldgate_trainers import default_recipe, strategy_for

    if not is_installed("transformers"):
        return "the light install has no tokenizers"
    if not (is_here(project.cache, EMBEDDED) if task.model == EMBEDDED else in_home(task.model).is_dir()):
        return f"the model {task.model} is not on this machine yet; `goldgate train {task.name}` measures them"
    from goldgate.models.loading import load_tokenizer

    ref = ensure_model(project.cache, task.model)
    recipe = default_recipe(task, len(splits.get("train", ())), hidden_size(ref))
    tokenizer = load_tokenizer(ref.path, ref.digest, task.chat_template)
    context = read_json(ref.path / "config.json").get("max_position_embeddings") or recipe.max_length
    strategy, learned = strategy_for(task, recipe.prompt), min(recipe.max_length, context)
    return [
        one
        for name, rows in splits.items()
        for one in too_long(rows, tokenizer, task, strategy, learned if name == "train" else None)
    ]
