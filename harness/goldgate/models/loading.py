"""The one door through which a base model comes into memory: to answer, to be trained, to be exported.

What comes out is a whole model, or an error that says what is wrong with its folder.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, first_words
from goldgate.models.quiet import quiet

_BROKEN = re.compile(r"^(\S+) +\| CONVERSION ", re.MULTILINE)
"""A line of transformers' report: a weight that could not be put together from the tensors of the file."""
"""The most characters of a library's own words in a message."""


def load_base(folder: Path, chat_template: str | None = None, **how: Any) -> tuple[Any, Any]:
    """Loads a base model in 32-bit floats, with its tokenizer. No remote code runs.

    Args:
        folder: The model's folder.
        chat_template: A chat template that replaces the tokenizer's own.
        how: Further arguments of from_pretrained.

    Returns:
        The tokenizer and the model, in evaluation mode, with the attention that transformers chooses for it.

    Raises:
        UserError: The folder cannot be loaded, or its weights are not exactly those of its architecture.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet(), _report_heard() as heard:
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            model, report = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                ignore_mismatched_sizes=True,  # so that the report names them
                output_loading_info=True,
                **how,
            )
        except Exception as error:
            # A folder's files decide which of a library's many exceptions this is; to the user they say one thing.
            if broken := sorted(set(_BROKEN.findall("\n".join(heard)))):
                check_report({"missing_keys": broken, "unexpected_keys": (), "mismatched_keys": ()}, folder)
            raise UserError(
                f"the base model cannot be loaded: {first_words(error)}",
                str(folder),
                "download the model again; or use a causal language model that the installed transformers knows"
                " (Llama, Qwen, SmolLM, ...)",
            ) from error
    check_report(report, folder)
    if model.get_input_embeddings() is None or model.get_output_embeddings() is None:
        raise UserError(
            f"{type(model).__name__} has no matrix of embeddings, or none that gives the logits",
            str(folder),
            "use a causal language model (Llama, Qwen, SmolLM, ...)",
        )
    tokenizer.chat_template = chat_template or tokenizer.chat_template
    return tokenizer, model


@lru_cache(maxsize=2)
def load_tokenizer(folder: Path, model_digest: str, chat_template: str | None = None) -> Any:
    """Loads the tokenizer of a base model without its weights.

    Args:
        folder: The model's folder.
        model_digest: Content digest of the model, by which a tokenizer in memory is known.
        chat_template: A chat template that replaces the tokenizer's own.

    Raises:
        UserError: The folder has no tokenizer that can be loaded.
    """
    from transformers import AutoTokenizer

    with quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        except Exception as error:  # as in load_base
            raise UserError(
                f"the tokenizer cannot be loaded: {first_words(error)}", str(folder), "download the model again"
            ) from error
    tokenizer.chat_template = chat_template or tokenizer.chat_template
    return tokenizer


@contextmanager
def _report_heard() -> Iterator[list[str]]:
    """Within the block, collects what transformers would log while it loads. Where tensors of a file are put together
    to one weight and some are missing, only the log names that weight.
    """
    heard: list[str] = []
    logger = logging.getLogger("transformers.modeling_utils")
    handler, level = _Heard(heard), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield heard
    finally:
        logger.propagate = True
        logger.setLevel(level)
        logger.removeHandler(handler)


class _Heard(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(record.getMessage())


def check_report(report: Mapping[str, Any], folder: Path) -> None:
    """Checks that every weight of a model was loaded, and every tensor of its files used.

    transformers starts a weight that is missing with random numbers, and only warns. What may be missing or left over
    (tied weights, buffers that are computed) it knows for each architecture, and has taken out of its report.

    Args:
        report: The loading report of from_pretrained.
        folder: The model's folder.

    Raises:
        UserError: A tensor is missing, left over, or has another shape. It is named.
    """
    mismatched = {str(name): (list(found), list(wanted)) for name, found, wanted in report["mismatched_keys"]}
    faults = [
        *(f"{name} is missing" for name in sorted(set(report["missing_keys"]) - mismatched.keys())),
        *(f"{n} has shape {found}, not {wanted}" for n, (found, wanted) in sorted(mismatched.items())),
        *(f"{name} is no weight of this architecture" for name in sorted(report["unexpected_keys"])),
        *(str(error) for error in report.get("error_msgs", ())),
    ]
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise UserError(
            f"the weights of the base model do not fit its config.json: {'; '.join(faults[:3])}{more}",
            str(folder),
            "the model would answer with weights that are partly random: download it again, or save it again with"
            " save_pretrained",
        )
