"""Writes the generated parts of the reference from the code that they describe.

    python docs/generate.py            # writes
    python docs/generate.py --check    # exit status 1 where a page is out of date

A page marks each generated part with `<!-- generate: NAME -->` and `<!-- /generate -->`. Everything outside of these
marks is written by hand. Nothing here imports torch.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

DOCS = Path(__file__).resolve().parent
_PART = re.compile(r"(<!-- generate: (?P<name>[\w-]+) -->\n).*?(<!-- /generate -->)", re.DOTALL)
_COLUMNS = 100


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    return "\n".join([_row(*head), _row(*("---" for _ in head)), *(_row(*row) for row in rows)])


def _type_words(annotation: Any) -> str:
    """A type as the writer of a YAML file thinks of it."""
    parts = [a for a in get_args(annotation) if a is not type(None)]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in parts)
    if get_origin(annotation) is tuple:
        return "list of texts"
    if get_origin(annotation) is dict:
        return "mapping"
    if len(parts) == 1:
        return _type_words(parts[0])
    return {str: "text", int: "integer", float: "number", bool: "true or false"}.get(annotation, "mapping")


def _limits(metadata: list[Any]) -> str:
    signs = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    found = [f"{words} {getattr(m, sign):g}" for m in metadata for sign, words in signs.items() if hasattr(m, sign)]
    return f" ({', '.join(found)})" if found else ""


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    return f"`{value}`" if isinstance(value, str | int | float) else "see below"


def _keys(model: Any) -> str:
    rows = (
        (
            f"`{field.alias or name}`",
            _type_words(field.annotation) + _limits(field.metadata),
            _default(field),
            field.description or "",
        )
        for name, field in model.model_fields.items()
    )
    return _table(("key", "value", "default", "meaning"), rows)


def task_yaml() -> str:
    """Every key of task.yaml, from the pydantic models that read it."""
    from goldgate.task import keys

    parts = [_keys(keys.TaskFile)]
    for title, model in (
        ("decoding", keys.Decoding),
        ("fields", keys.FieldRule),
        ("style", keys.Style),
        ("prices", keys.Prices),
        ("optimize", keys.Optimize),
        ("thinking", keys.Thinking),
    ):
        parts.append(f"## `{title}`\n\n{inspect.cleandoc(model.__doc__ or '')}\n\n{_keys(model)}")
    return "\n\n".join(parts)


def metrics() -> str:
    """Every metric with its docstring, from the scorers' registry."""
    from goldgate import scorers

    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for one in (*scorers._SCORERS, *scorers._WHOLE):
        function = one.score if isinstance(one, scorers.Scorer) else one.measure
        text = inspect.cleandoc(function.__doc__ or "")
        kinds = tuple(kind for kind in ("json", "label", "text") if kind in one.kinds)
        found.setdefault(f"{one.name} {text}", (kinds, f"{one.name}\n{text}"))
    order = (("json", "label", "text"), ("json",), ("label",), ("text",))
    titles = {("json", "label", "text"): "Every kind", ("json",): "Kind `json`", ("label",): "Kind `label`"}
    lines: list[str] = []
    for wanted in order:  # what all kinds have first
        lines.append(f"## {titles.get(wanted, 'Kind `text`')}\n")
        for those, entry in found.values():
            if those == wanted or (len(those) == 2 and len(wanted) == 1 and wanted[0] in those):
                name, _, text = entry.partition("\n")
                lines.append(
                    f"### `{name}` {{ #{wanted[0] if len(wanted) == 1 else 'all'}-{name} }}\n\n{_facts(text)}\n"
                )
    return "\n".join(lines).rstrip()


def _facts(text: str) -> str:
    """A docstring in Markdown: each line that begins with `Word:` becomes an item of a list."""
    blocks = []
    for block in text.split("\n\n"):
        facts = re.split(r"\n(?=[A-Z][a-z]+: )", block)
        if re.match(r"[A-Z][a-z]+: ", block):
            blocks.append("\n".join(f"- {' '.join(fact.split())}" for fact in facts))
        else:
            blocks.append(" ".join(block.split()))
    return "\n\n".join(blocks)


def commands() -> str:
    """What `goldgate --help` and the `--help` of every command print."""
    import typer
    from typer.testing import CliRunner

    from goldgate.cli.main import app

    runner = CliRunner()
    environment = {"COLUMNS": str(_COLUMNS), "TERMINAL_WIDTH": str(_COLUMNS), "NO_COLOR": "1"}

    def said(*words: str) -> str:
        done = runner.invoke(app, [*words, "--help"], prog_name="goldgate", env=environment, terminal_width=_COLUMNS)
        assert done.exit_code == 0, done.output
        lines = (line.rstrip() for line in done.output.strip().splitlines())
        return "```text\n" + "\n".join(lines) + "\n```"

    names = [*typer.main.get_command(app).commands]  # type: ignore[attr-defined]
    parts = [f"```text\n{said()[8:-4]}\n```", *(f"## `goldgate {name}`\n\n{said(name)}" for name in names)]
    return "\n\n".join(parts)


def pytest_options() -> str:
    """The options that the plugin adds to pytest, by their short names, from the parser that it fills."""
    from _pytest.config.argparsing import Parser

    from goldgate.plugin.options import add_options

    parser = Parser(_ispytest=True)
    add_options(parser)

    def rows() -> Iterator[tuple[str, ...]]:
        for group in parser._groups:
            for option in group.options:
                attributes = option.attrs()
                choices = attributes.get("choices")
                value = " or ".join(choices) if choices else attributes.get("metavar") or ""
                names = [name.replace("--gg-", "--") for name in option.names()]
                yield f"`{' '.join([*names, value]).strip()}`", str(attributes.get("help"))

    return _table(("option", "meaning"), rows())


def marks() -> str:
    """The marks that the plugin sets on gates."""
    from goldgate.plugin.kinds import KINDS

    return _table(("mark", "set on gates about"), ((f"`{name}`", meaning) for name, meaning in KINDS.items()))


def fixtures() -> str:
    """The fixtures of a suite, from their docstrings."""
    from goldgate.plugin import fixtures as module

    return _table(("fixture", "what it is"), ((f"`{n}`", t) for n, t in _functions(module) if not n.startswith("_")))


def _functions(module: ModuleType) -> Iterator[tuple[str, str]]:
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(d) for d in node.decorator_list):
            yield node.name, " ".join((ast.get_docstring(node) or "").split())


def perturbations() -> str:
    """The perturbations with their oracle, from the texts below their definitions."""
    from goldgate.perturb import changed, unchanged

    parts = []
    for title, module in (("The answer must not change", unchanged), ("The answer must change", changed)):
        rows = ((f"`{name}`", text) for name, text in _described(module) if name in _perturbations(module))
        parts.append(f"### {title}\n\n{_table(('perturbation', 'what it does, and where it is not safe'), rows)}")
    return "\n\n".join(parts)


def _perturbations(module: ModuleType) -> set[str]:
    from goldgate.perturb import Perturbation

    return {name for name, value in vars(module).items() if isinstance(value, Perturbation)}


def _described(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Names that a module assigns, each with the string below it."""
    body = ast.parse(inspect.getsource(module)).body
    for one, after in pairwise(body):
        if (
            isinstance(one, ast.Assign)
            and isinstance(one.targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            yield one.targets[0].id, " ".join(str(after.value.value).split())


PARTS: dict[str, Callable[[], str]] = {
    "task-yaml": task_yaml,
    "metrics": metrics,
    "commands": commands,
    "pytest-options": pytest_options,
    "marks": marks,
    "fixtures": fixtures,
    "perturbations": perturbations,
}


def generated(page: str) -> str:
    """A page with its generated parts written anew.

    Raises:
        KeyError: for a part that does not exist.
    """
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found['name']]()}\n{found[3]}", page)


def stale(write: bool) -> list[Path]:
    """The pages whose generated parts are out of date.

    Args:
        write: whether to bring them up to date.
    """
    pages = sorted(DOCS.rglob("*.md"))
    texts = {page: page.read_text("utf-8") for page in pages}
    fresh = {page: generated(text) for page, text in texts.items()}
    changed = [page for page in pages if fresh[page] != texts[page]]
    if write:
        for page in changed:
            page.write_text(fresh[page], "utf-8")
    return changed


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description="Writes the generated parts of the reference.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 where a page is stale")
    check = parser.parse_args().check
    pages = stale(write=not check)
    for page in pages:
        print(f"{page.relative_to(DOCS.parent)} {'is out of date' if check else 'written'}")
    if check and pages:
        print("run: python docs/generate.py", file=sys.stderr)
    return int(bool(check and pages))


if __name__ == "__main__":
    os.chdir(DOCS.parent)
    sys.exit(main())
