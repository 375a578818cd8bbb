"""Whether llama.cpp answers as transformers does: python benchmarks/gguf_parity.py [--examples 40] [--forms f32 f16]

Writes the shipped voice task's base model as GGUF in each form and asks dev examples with the instructions alone, by
transformers and by llama.cpp with 1, 4 and 16 prompts at once. Prints how many prompts llama.cpp turns into the same
tokens, how many answers are the same, differ by a near-tie or otherwise, and the seconds of each.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from goldgate.answers.parity import compare_answers
from goldgate.base.files import write_json
from goldgate.jobs.demo import shipped_folder
from goldgate.jobs.export_gguf import SLOTS, same_prompts
from goldgate.models.embedded import EMBEDDED, ensure_model
from goldgate.models.exported import NOTE
from goldgate.models.gguf_file import gguf_name, write_gguf
from goldgate.models.loading import load_base
from goldgate.models.template import stop_tokens
from goldgate.subjects import parse_subject
from goldgate.subjects.gguf import GgufSubject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project, cache_folder
from goldgate.task.task import load_task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=40)
    parser.add_argument("--forms", nargs="+", choices=("f32", "f16", "q8_0"), default=["f32", "f16", "q8_0"])
    asked = parser.parse_args()
    project = Project(shipped_folder(), cache_folder(os.environ))
    task = load_task(project, "voice")
    dev = Split("dev", load_split(project, "voice", "dev").examples[: asked.examples])
    base = ensure_model(project.cache, EMBEDDED)
    plain = parse_subject("base+zero_shot", task, project)
    began = time.perf_counter()
    answers = {a.id: a for a in plain.answer(dev.examples)}
    print(f"transformers: {len(answers)} answers in {time.perf_counter() - began:.0f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(base.path, folder, dirs_exist_ok=True)
        write_json(Path(folder) / NOTE, {"merged": "", "prompt": "zero_shot"})
        tokenizer, model = load_base(Path(folder), None)
        stops = stop_tokens(tokenizer, model.generation_config)
        del model
        for form in asked.forms:
            file = Path(folder) / gguf_name(form)
            write_gguf(Path(folder), file, form, stops)
            subject = parse_subject(f"gguf:{file}", task, project)
            assert isinstance(subject, GgufSubject)
            same = same_prompts(subject, dev)
            print(f"{form}: {file.stat().st_size / 1e6:.0f} MB; {same} of {len(dev)} prompts have the same tokens")
            for slots in SLOTS:
                began = time.perf_counter()
                found = {a.id: a for a in subject.with_slots(slots).answer(dev.examples)}
                seconds = time.perf_counter() - began
                parity = compare_answers(plain, [(e, answers[e.id], found[e.id]) for e in dev], drawn=False)
                counts = f"{parity.same} same, {len(parity.near)} near-ties, {len(parity.different)} different"
                print(f"  {slots:2} at once: {counts}; {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
