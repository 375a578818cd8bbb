"""What `pip install goldgate` leaves out, by the extra that brings it, and the one sentence that says so.

Heavy packages are imported inside the functions that need them. Where such an import fails because the package is not
installed, `extras_named` turns it into a UserError that names the extra. An import that fails for any other reason is a
fault, and passes through as it is.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from goldgate.base.errors import UserError

EXTRAS = {
    "data": ("pandas", "pyarrow", "openpyxl"),
    "search": ("optuna",),
    "track": ("tensorboard", "mlflow"),
    "gpu": ("bitsandbytes",),
    "train": (
        "torch",
        "transformers",
        "peft",
        "accelerate",
        "gguf",
        "safetensors",
        "huggingface_hub",
        "sentence_transformers",
        "sklearn",
        "scipy",
        "llguidance",
        "hypothesis",
    ),
}
"""The modules of each extra. A module stands once, with the smallest extra that brings it; train brings data's too."""

_EXTRA_OF = {module: extra for extra, modules in EXTRAS.items() for module in modules}
_OURS = ("goldgate", "goldgate_trainers", "goldgate_reports")


def missing_modules(extra: str) -> list[str]:
    """The modules of an extra that are not installed.

    Args:
        extra: a key of EXTRAS.

    Returns:
        Their import names, in the order of EXTRAS; empty where the extra is complete.
    """
    return [module for module in EXTRAS[extra] if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Whether a top-level module can be imported, found without importing it."""
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # a finder that refuses it; one that was imported without a spec
        return False


def require(*modules: str) -> None:
    """Checks that modules are installed before work is done that would be lost without them.

    Args:
        modules: import names, each of some extra.

    Raises:
        UserError: one of them is not installed; it names the module and the extra.
    """
    for module in modules:
        if not is_installed(module):
            raise _left_out(module)


def require_training() -> None:
    """Checks that all of `goldgate[train]` is installed.

    Raises:
        UserError: part of it is not; it names the first module that is missing.
    """
    require(*EXTRAS["train"])
    if missing := missing_modules("data"):
        raise _left_out(missing[0], "train")


@contextmanager
def extras_named() -> Iterator[None]:
    """Within the block, or the decorated function, an import of ours that an extra would satisfy says which one.

    Raises:
        UserError: code of Goldgate imported a module of an extra that is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (told := extra_missing(error)) is None:
            raise
        raise told from error


def extra_missing(error: BaseException) -> UserError | None:
    """What to say of a failed import.

    Args:
        error: what was raised.

    Returns:
        The error for people, where code of Goldgate imported a module of an extra that is not installed. None for
        everything else: a user's own import, a package that is installed but broken, a module of no extra.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    module = error.name.partition(".")[0]
    if module not in _EXTRA_OF or is_installed(module) or _importer(error) not in {*_OURS, *_EXTRA_OF}:
        return None
    return _left_out(module)


def _left_out(module: str, extra: str | None = None) -> UserError:
    brings = extra or _EXTRA_OF[module]
    return UserError(
        f"this needs {module}, which the light install leaves out. Install it with: pip install 'goldgate[{brings}]'"
    )


def _importer(error: BaseException) -> str:
    """The top-level package of the code whose import failed."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    while frames and frames[-1].f_code.co_name == "find_spec":  # of a finder of somebody else, which refused the module
        frames.pop()
    return str(frames[-1].f_globals.get("__name__", "")).partition(".")[0] if frames else ""
