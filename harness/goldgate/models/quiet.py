"""Silences the progress bars and warnings of model libraries."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses the progress bars and warnings of model libraries within the block.

    Only the command line writes to the terminal, and under `-W error` the libraries' deprecation notes would end a
    user's run. The warnings that matter, of weights or an adapter that do not fit, are errors of our own code.
    """
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
