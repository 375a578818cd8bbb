"""The packages that a light `pip install goldgate` leaves out, and the error that names the extra to install.

Heavy packages are imported inside the functions that need them. If such an import fails because the package is not
installed, `extras_named` turns it into a UserError that names the extra. An import that fails for any other reason is a
bug and propagates unchanged.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from goldgate.base.errors import UserError

EXTRAS = {
    "data": ("pandas", "pyarrow", "python_calamine", "charset_normalizer", "phonenumbers", "py3langid", "openpyxl"),
    "search": ("optuna",),
    "optimize": ("gepa",),
    "track": ("tensorboard", "mlflow"),
    "serve": ("xllamacpp", "fastapi", "uvicorn", "httptools", "uvloop", "aiohttp"),
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
"""The modules of each extra. Each module is listed once, under the smallest extra that installs it; `train` also
installs everything in `data`.
"""

_EXTRA_OF = {module: extra for extra, modules in EXTRAS.items() for module in modules}
_OURS = ("goldgate", "goldgate_trainers", "goldgate_reports")


def missing_modules(extra: str) -> list[str]:
    """Lists the modules of an extra that are not installed.

    Args:
        extra: A key of EXTRAS.

    Returns:
        Their import names in the order of EXTRAS; empty if the extra is complete.
    """
    return [module for module in EXTRAS[extra] if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Checks whether a top-level module could be imported, without importing it.

    Args:
        module: The import name.

    Returns:
        True if it is installed.
    """
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # blocked by an import hook, or imported without a spec
        return False


def require(*modules: str) -> None:
    """Checks that modules are installed, before any work that would be lost without them.

    Args:
        modules: Import names; each belongs to an extra.

    Raises:
        UserError: A module is not installed. The error names the module and the extra.
    """
    for module in modules:
        if not is_installed(module):
            raise _left_out(module)


def require_training() -> None:
    """Checks that all of `goldgate[train]` is installed.

    Raises:
        UserError: Part of it is not. The error names the first missing module.
    """
    require(*EXTRAS["train"])
    if missing := missing_modules("data"):
        raise _left_out(missing[0], "train")


@contextmanager
def extras_named() -> Iterator[None]:
    """Context manager and decorator that names the extra when an import inside it fails for want of one.

    Raises:
        UserError: Goldgate code imported a module of an extra that is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (told := extra_missing(error)) is None:
            raise
        raise told from error


def extra_missing(error: BaseException) -> UserError | None:
    """Translates a failed import into an error for the user.

    Args:
        error: The exception that was raised.

    Returns:
        The user's error if Goldgate code imported a module of an extra that is not installed. None for everything
        else: an import in the user's own code, a package that is installed but broken, a module of no extra.
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
    """Finds the top-level package of the code whose import failed."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    while frames and frames[-1].f_code.co_name == "find_spec":  # skip a third-party import hook that blocked the module
        frames.pop()
    return str(frames[-1].f_globals.get("__name__", "")).partition(".")[0] if frames else ""
