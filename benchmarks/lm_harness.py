"""Goldgate's engine and exact match against those of lm-evaluation-harness: same model, prompts and machine, one run.

    python benchmarks/lm_harness.py --data DATA/banking77 [--rows 32] [--batches 8 16 32]

Speed: banking77 with twelve shots and suites/invoices without any, answered greedily in 32 bit by `LocalSubject` and by
the harness's `HFLM.generate_until`, in turns, at each of the batch sizes given; what counts is its best. Models are
loaded before. Prints seconds of the wall clock and of the processor (all threads), their ratios, how many answers are
the same, and how far apart the two best logits are where they part: greedy decoding may part only where two tokens are
as good as equal. On a busy machine give both one thread (OMP_NUM_THREADS=1) and read the seconds of the processor.

Exact match: the same answers go through a task of the harness (a YAML file on banking77's test split, `generate_until`
with `exact_match`) and through ours; prints on how many examples they disagree.

Needs `pip install "goldgate[bench]"`. No network: --data holds train.jsonl and test.jsonl with "input" and "output".
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.data.decide import Wishes
from goldgate.data.scaffold import Request, init_task
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes
from goldgate.engine.loading import load_model
from goldgate.models.embedded import ensure_model
from goldgate.models.quiet import quiet
from goldgate.models.template import encode, prompt_tokens, render
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer, parse_subject
from goldgate.subjects.local import LocalSubject
from goldgate.task.examples import Example, Split, load_split
from goldgate.task.project import Project, cache_folder, find_project
from goldgate.task.task import Task, load_task

TASK = "goldgate_exact"
YAML = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{file}"}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{input}}}}"
doc_to_target: "{{{{output}}}}"
generation_kwargs: {{until: ["<|im_end|>"], do_sample: false, max_gen_toks: 24}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


@dataclass(frozen=True)
class Spent:
    """Seconds of the wall clock and of the processor, all threads together."""

    wall: float
    cpu: float


def main() -> None:
    """Prints the speed of both on two tasks, then the disagreements of both metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 16, 32])
    options = parser.parse_args()
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    shipped = find_project(Path.cwd(), cache_folder(os.environ))
    with TemporaryDirectory() as name:
        os.environ["HF_DATASETS_CACHE"] = f"{name}/datasets"
        made = Project(Path(name), shipped.cache)
        source, golden = options.data / "train.jsonl", options.data / "test.jsonl"
        sizes = Sizes(2000, 120, 1000)
        init_task(made, Request("banking77", source, golden, Choices(), Wishes(), None, sizes, 0))
        print(
            "task       shots  tokens  batch  ours s (cpu)    theirs s (cpu)    ratio (cpu)   same answers"
            "  gaps where they part",
            flush=True,
        )
        few = compare_speed(made, "banking77", "base+few_shot:12", options.rows, options.batches)
        compare_speed(shipped, "invoices", "base+zero_shot", options.rows, options.batches)
        task, split = load_task(made, "banking77"), load_split(made, "banking77", "golden")
        linear = collect(
            parse_subject("linear", task, made), split.examples, cache=AnswerCache(Path(name) / "answers.sqlite")
        ).answers
        print("answers of              examples  right by ours  right by theirs  disagreements")
        compare_metric(task, made.cache, split, linear, "linear", Path(name))
        part = Split("golden", tuple(e for e in split if e.id in few))
        compare_metric(task, made.cache, part, few, "base+few_shot:12", Path(name))


def compare_speed(
    project: Project, name: str, subject_name: str, rows: int, batches: Sequence[int]
) -> dict[str, Answer]:
    """Prints a line for each batch size; returns our answers by example id."""
    task = load_task(project, name)
    examples = load_split(project, name, "golden" if name == "banking77" else "dev").examples[:rows]
    subject = parse_subject(subject_name, task, project)
    assert isinstance(subject, LocalSubject)
    ref = ensure_model(project.cache, task.model)
    loaded = load_model(ref.path, ref.digest)
    messages = [subject._who.strategy.messages(e) for e in examples]
    texts = [render(loaded.tokenizer, m, task.template) for m in messages]
    tokens = prompt_tokens(loaded.tokenizer, messages, task.template)
    peer = _peer(ref.path)
    assert [peer.tok_encode(t) for t in texts] == tokens, "both read the same tokens"
    list(subject.answer(examples[:1]))  # what is made once is made before the clock starts
    ours: dict[str, Answer] = {}
    for batch in batches:
        with _timed() as mine:
            ours = {a.id: a for a in subject.answer(examples)}
        peer.batch_size_per_gpu = batch
        with _timed() as theirs:
            said = peer.generate_until(_requests(texts, task), disable_tqdm=True)
        parted = [i for i, e in enumerate(examples) if said[i] != ours[e.id].text]
        gaps = [_gap(peer.model, loaded.tokenizer, tokens[i], str(ours[examples[i].id].text), said[i]) for i in parted]
        shots = subject_name.partition(":")[2] or "0"
        mean = sum(map(len, tokens)) / len(tokens)
        print(
            f"{name:<9}  {shots:>5}  {mean:6.0f}  {batch:5}  {mine[0].wall:6.1f} ({mine[0].cpu:6.1f})"
            f"  {theirs[0].wall:7.1f} ({theirs[0].cpu:6.1f})"
            f"  {theirs[0].wall / mine[0].wall:5.2f} ({theirs[0].cpu / mine[0].cpu:5.2f})"
            f"  {rows - len(parted):4} of {rows:3}  {', '.join(gaps)}",
            flush=True,
        )
    return ours


class _timed:
    """What the block took, in the list that it yields, when it is over."""

    def __enter__(self) -> list[Spent]:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._spent: list[Spent] = []
        return self._spent

    def __exit__(self, *error: object) -> None:
        self._spent.append(Spent(time.perf_counter() - self._wall, time.process_time() - self._cpu))


def _peer(folder: Path) -> Any:
    from lm_eval.models.huggingface import HFLM

    with quiet():
        return HFLM(pretrained=str(folder), device="cpu", dtype="float32", batch_size=1)


def _requests(texts: Sequence[str], task: Task) -> list[Any]:
    from lm_eval.api.instance import Instance

    arguments = {"until": ["<|im_end|>"], "do_sample": False, "max_gen_toks": task.decoding.max_new_tokens}
    return [Instance("generate_until", {}, (text, dict(arguments)), i) for i, text in enumerate(texts)]


def _gap(model: Any, tokenizer: Any, prompt: Sequence[int], ours: str, theirs: str) -> str:
    """Distance of the two best logits where both answers part; marked where they chose others than these two."""
    import torch

    a, b = encode(tokenizer, [ours, theirs])
    same = next((k for k, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), min(len(a), len(b)))
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *a[:same]]]), logits_to_keep=1).logits[0, -1]
    best = logits.topk(2)
    chosen = {t[same] if same < len(t) else tokenizer.eos_token_id for t in (a, b)}
    gap = float(best.values[0] - best.values[1])
    return f"{gap:.1e}" + ("" if chosen == set(best.indices.tolist()) else " (not the two best)")


def compare_metric(
    task: Task, cache: Path, split: Split, answers: Mapping[str, Answer], who: str, folder: Path
) -> None:
    """Prints on how many examples the harness's exact_match and ours disagree about the same answers."""
    theirs = _their_values(split, answers, folder)
    ours = ScoreTable(Context(task, cache), split, answers).values("exact_match")
    apart = [e for e in split if ours[e.id] != theirs[e.id]]
    print(
        f"{who:<22}  {len(split):8,}  {sum(v or 0 for v in ours.values()):13.0f}  {sum(theirs.values()):15.0f}"
        f"  {len(apart):13}  {_shown(apart, answers)}",
        flush=True,
    )


def _shown(apart: Sequence[Example], answers: Mapping[str, Answer]) -> str:
    return "; ".join(f"expected {e.output!r}, got {answers[e.id].text!r}" for e in apart[:3])


def _their_values(split: Split, answers: Mapping[str, Answer], folder: Path) -> dict[str, float]:
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Replays(LM):
        """Says what was said before."""

        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
            return [str(answers[r.doc["id"]].text) for r in requests]

        def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> Any:
            raise AssertionError("a task of written answers asks for no log-probabilities")

        loglikelihood_rolling = loglikelihood

    name = f"{TASK}_{len(split)}"
    tasks = folder / name
    tasks.mkdir()
    rows = [json.dumps({"id": e.id, "input": e.input, "output": e.output}) for e in split]
    (tasks / "test.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tasks / "task.yaml").write_text(YAML.format(name=name, file=tasks / "test.jsonl"), encoding="utf-8")
    manager = TaskManager(include_path=str(tasks), include_defaults=False)
    result: Any = simple_evaluate(Replays(), tasks=[name], task_manager=manager, bootstrap_iters=0)
    return {row["doc"]["id"]: float(row["exact_match"]) for row in result["samples"][name]}


if __name__ == "__main__":
    main()
