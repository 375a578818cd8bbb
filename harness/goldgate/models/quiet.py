"""Silences the progress bars and warnings of model libraries."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses the progress bars and warnings of model libraries within the block.

    Only the command line writes to the terminal, and under `-W error` the libraries' deprecation notes would end a
    user's run. The one warning that matters, an adapter that does not fit, is checked and refused by our own code.
    """
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if shown:
            logging.enable_progress_bar()
