"""A data set of the Hugging Face hub: its files, at one revision, into the hub's own cache on this machine.

Only files of examples are fetched. Nothing of the data set is run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from goldgate.base.errors import UserError, first_words
from goldgate.base.extras import require
from goldgate.data.account import Account
from goldgate.data.sources.record import Source

PREFIX = "hf:"
FORM = "hf:OWNER/NAME, with @REVISION and :FILES (a pattern) where wanted"
LARGEST = 4 * 2**30
"""Bytes that are fetched at most."""
_NAME = re.compile(r"hf:(?P<name>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w./-]+))?(?::(?P<files>.+))?")
_PART = re.compile(r"-\d{5}-of-\d{5}(?=\.)")
_SHOWN = 12


@dataclass(frozen=True)
class _File:
    """A file of the data set: its path there, and its size in bytes."""

    path: str
    size: int


def is_of_hub(path: Path) -> bool:
    """Whether what was given with --from names a data set of the hub."""
    return str(path).startswith(PREFIX)


def name_of(path: Path) -> str:
    """What a file is called in the card: its own name, or that of a data set of the hub."""
    return str(path) if is_of_hub(path) else path.name


def hub_sources(text: str, suffixes: Sequence[str], account: Account) -> list[Source]:
    """Fetches the files of a data set.

    Args:
        text: Its name, as FORM says.
        suffixes: Ends of the names of files that can be read.
        account: Receives the revision and the files.

    Returns:
        The files, in the order of their names.

    Raises:
        UserError: The name is wrong, the hub cannot be reached or refuses, or it is not clear which files are meant.
    """
    if (found := _NAME.fullmatch(text)) is None:
        raise UserError("not the name of a data set of the hub", text, f"write {FORM}")
    require("huggingface_hub")
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of httpx, which the hub chooses

    name, asked = found["name"], found["revision"]
    try:
        info = HfApi().dataset_info(name, revision=asked, files_metadata=True)
        files = [_File(s.rfilename, s.size or 0) for s in info.siblings or () if _can_be_read(s.rfilename, suffixes)]
        chosen = _chosen(text, files, found["files"])
        paths = [hf_hub_download(name, f.path, repo_type="dataset", revision=info.sha) for f in chosen]
    except (HTTPError, OSError, ValueError) as error:
        hint = "check the name, or log in with `hf auth login` if it is private; or download it and give the folder"
        raise UserError(f"the hub does not give this data set: {first_words(error)}", text, hint) from error
    revision = str(info.sha)
    account.decide(f"revision of {name}", revision, f"{asked or 'main'} at this moment", f"hf:{name}@REVISION")
    account.decide(f"files of {name}", ", ".join(f.path for f in chosen), "files of examples", f"hf:{name}:FILES")
    return [
        Source(Path(path), f"hf:{name}/{file.path}", PurePosixPath(file.path).suffix.lower())
        for path, file in zip(paths, chosen, strict=True)
    ]


def _can_be_read(path: str, suffixes: Sequence[str]) -> bool:
    parts = PurePosixPath(path)
    return parts.suffix.lower() in suffixes and not any(part.startswith(".") for part in parts.parts)


def _chosen(text: str, files: Sequence[_File], pattern: str | None) -> list[_File]:
    """The files that are meant: those of the pattern, or all if they are the parts of one."""
    named = ", ".join(file.path for file in files[:_SHOWN]) + (" .." if len(files) > _SHOWN else "")
    if pattern is not None:
        inside = f"{pattern.rstrip('/')}/*"
        chosen = [file for file in files if fnmatchcase(file.path, pattern) or fnmatchcase(file.path, inside)]
    else:
        chosen = list(files)
        if len({_PART.sub("", file.path) for file in files}) > 1:
            hint = f"name those that are meant, such as {text}:{files[0].path}, and golden's with --golden"
            raise UserError(f"several files of examples: {named}", text, hint)
    if not chosen:
        raise UserError("no file of examples", text, f"there are: {named}" if files else "it has none that is read")
    if (size := sum(file.size for file in chosen)) > LARGEST:
        raise UserError(
            f"{size / 2**30:.1f} GiB, more than the {LARGEST / 2**30:.0f} that are fetched", text, f"name some: {named}"
        )
    return sorted(chosen, key=lambda file: file.path)
