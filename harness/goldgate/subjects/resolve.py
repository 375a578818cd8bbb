"""Turns the name of a subject into the subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from goldgate.base.errors import UserError, near_names
from goldgate.base.extensions import SUBJECTS, extensions
from goldgate.base.files import in_home
from goldgate.base.fingerprint import digest
from goldgate.models.adapter import check_base, read_adapter
from goldgate.models.content import hashed_once
from goldgate.models.embedded import EMBEDDER_DIGEST, model_digest
from goldgate.models.embedder import embed, nearest
from goldgate.models.exported import read_merged
from goldgate.prompts import Sources, parse_strategy
from goldgate.subjects.gguf import GgufSubject
from goldgate.subjects.local import LocalSubject, Who
from goldgate.subjects.packaged import packaged_subject
from goldgate.subjects.remote import RemoteSubject
from goldgate.subjects.subject import Subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.subject_name import FORMS, SubjectName
from goldgate.task.task import Task


def parse_subject(name: str, task: Task, project: Project) -> Subject:
    """Resolves a subject's name.

    Reads data and digests. Loads no model and asks no endpoint.

    Args:
        name: base+STRATEGY, adapter:FOLDER, model:FOLDER (an exported model) or openai:MODEL@URL+STRATEGY, each
            optionally followed by +constrained; gguf:FILE; linear; or a name that an installed package answers to.
        task: The task that the subject will be asked.
        project: The project of the task.

    Returns:
        The subject, ready to answer.

    Raises:
        UserError: The name, strategy, folder or base model is wrong, or a package's subject cannot be made.
    """
    who, sources = SubjectName.parse(name), sources_of(task, project)
    if who.constrained and task.kind == "text":
        raise UserError(f'"{name}": free text has no closed form to constrain', hint="drop +constrained")
    if who.kind == "linear":
        from goldgate.subjects.linear import LinearSubject

        return LinearSubject(task, load_split(project, task.name, "train"), project.cache)
    if who.kind == "endpoint":
        return RemoteSubject(who, task, parse_strategy(who.strategy, replace(sources, asked=who.endpoint)))
    made = partial(Who, name, task, project.cache, constrained=who.constrained)
    if who.kind == "base":
        model = model_digest(project.cache, task.model)
        return LocalSubject(made(model, None, parse_strategy(who.strategy, replace(sources, weights=model))))
    if who.kind == "adapter":
        adapter = read_adapter(_folder(who, project))
        model = model_digest(project.cache, task.model)
        check_base(adapter, model, task.model)
        return LocalSubject(made(model, adapter, parse_strategy(adapter.prompt, sources)))
    if who.kind == "model":
        merged = read_merged(_folder(who, project).resolve())
        model = model_digest(project.cache, str(merged.folder))
        return LocalSubject(made(model, None, parse_strategy(merged.prompt, sources), folder=merged.folder))
    if who.kind == "gguf":
        return _gguf(name, _folder(who, project).resolve(), task, project, sources)
    if who.kind == "package" and (extension := extensions(SUBJECTS).get(who.word)) is not None:
        return packaged_subject(extension, name, task, project)
    # What is left are roles: only a caller that reads champion.json knows who plays them.
    raise UserError(f'no subject "{name}"', hint=near_names(name, FORMS))


def can_constrain(name: SubjectName, task: Task) -> bool:
    """Returns whether a subject's answers can be constrained to the task's closed form (its schema or labels)."""
    return (task.kind == "json" and (name.local or name.kind == "endpoint")) or (task.kind == "label" and name.local)


def serving_digest(name: str, prompt: str | None, task: Task, project: Project) -> str:
    """Digests everything that decides a subject's answers, except its weights.

    It covers the base model by name, the prompt, the chat template, decoding and the constraint. It needs no model, so
    a recorded answer can be told apart from one that was made under another configuration.

    Args:
        name: The subject's name.
        prompt: The strategy that an adapter was trained with; None for subjects that name theirs.
        task: The task.
        project: The project of the task.

    Raises:
        UserError: The name or its strategy is wrong.
    """
    who = SubjectName.parse(name)
    if not who.local:
        return parse_subject(name, task, project).identity
    strategy = parse_strategy(prompt or who.strategy, sources_of(task, project))
    closed = {"schema": task.schema, "labels": list(task.labels)} if who.constrained else None
    return digest(
        {
            "model": task.model,
            "prompt": strategy.spec(),
            "template": dict(task.template),
            "decoding": task.decoding.model_dump(),
            "constrained": closed,
            **task.chat,
        }
    )


def _gguf(name: str, file: Path, task: Task, project: Project, sources: Sources) -> GgufSubject:
    """The subject of a GGUF file, which lies in the folder that `goldgate export` wrote."""
    if not file.is_file():
        raise UserError("no such file", str(file), "write it with: goldgate export TASK --to FOLDER --format gguf")
    merged = read_merged(file.parent)
    content = hashed_once(project.cache, file.parent, [file])
    tokenizer = model_digest(project.cache, str(merged.folder))
    return GgufSubject(name, task, file, content, merged.folder, tokenizer, parse_strategy(merged.prompt, sources))


def _folder(name: SubjectName, project: Project) -> Path:
    """A relative path is looked up in the working folder first, then in the project."""
    folder = in_home(name.folder)
    return folder if folder.is_absolute() or folder.exists() else project.root / folder


def sources_of(task: Task, project: Project) -> Sources:
    """Returns where a task's prompts take their shots from: its train split, and the distances within it."""

    @cache
    def train() -> Split:
        return load_split(project, task.name, "train")

    @cache
    def vectors(pool: tuple[str, ...]) -> np.ndarray:
        return embed(pool, project.cache)

    def neighbours(pool: Sequence[str], texts: Sequence[str], many: int) -> np.ndarray:
        return nearest(vectors(tuple(pool)), embed(texts, project.cache), many)

    return Sources(task, train, neighbours, EMBEDDER_DIGEST, asked=task.model)
