"""`goldgate assess`: measures what speaks for and against fine-tuning a task. It takes no look at golden."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from goldgate.base.errors import UserError
from goldgate.champion.record import load_champion
from goldgate.data.advice import CHANGES, ENOUGH, FEW, MOSTLY, SELDOM, Advice, Finding, Share, advise
from goldgate.data.suspects.find import has_few_values
from goldgate.data.suspects.standing import Form, common_facts, facts_not_in_input, leaves, stands
from goldgate.jobs.answering import Sources
from goldgate.jobs.forecast import Curved, can_curve, curve_of, curve_sentences
from goldgate.jobs.progress import Progress, Silent
from goldgate.jobs.run_suite import run_suite
from goldgate.jobs.workspace import Workspace
from goldgate.measures import Measure
from goldgate.scored.baselines import deciding_metrics, declared_baselines, rank
from goldgate.scored.scored import Scored
from goldgate.scorers import quality_metrics
from goldgate.subjects import can_constrain
from goldgate.task.examples import Example, render_output
from goldgate.task.project import Project
from goldgate.task.subject_name import PLAIN_BASE
from goldgate.task.task import load_task

TIME = "time"
"""Key of an example's meta that says when it was made, in a form whose text order is that of time."""
ALIKE = 0.85
"""Least cosine of inputs that ask for the same, so that their outputs should be the same too."""
_PAIRS = 30  # fewest examples with like ones both in their own and in the other half of time


Gate = tuple[str, float, Share]
"""Metric, threshold, and the value on dev."""


def run_assess(project: Project, name: str, wanted: float | None = None, progress: Progress | None = None) -> Advice:
    """Advises whether to fine-tune a task.

    Args:
        project: The project.
        name: Name of the task.
        wanted: The value of the main metric that is needed; None for what the suite asks for.
        progress: Receives the progress.

    Returns:
        The advice, with its findings.

    Raises:
        UserError: There is no such task, or its train or dev split cannot be read.
    """
    task = load_task(project, name)
    work = Workspace(project, task, progress or Silent(), sources=Sources(generate=False))
    shown = [*work.split("train").examples, *work.split("dev").examples]
    answered = _answered(work)
    best = max(answered, key=lambda n: rank(task, answered[n]), default=None)
    curve = _curve(project, name, wanted, work.progress)
    gates = _gates(work, best)
    needed = _needed(work, gates, wanted, curve)
    findings = [
        _prompting(work, best, answered, gates, wanted),
        _facts(work, shown),
        _examples(work),
        _linear(work, curve, needed),
        _changes(work, shown),
    ]
    return advise(name, _questions(work, best, needed), findings, _notes(work, answered, best, curve))


def _answered(work: Workspace) -> dict[str, Scored]:
    """The prompting baselines that have answered all of dev."""
    names = [n for n in declared_baselines(work.task) if n.kind != "linear"]
    names += [n.held for n in names if can_constrain(n, work.task)]
    found = {}
    for name in dict.fromkeys(map(str, names)):
        try:
            scores = work.existing(work.parse(name), work.split("dev"))
        except UserError:
            continue  # it is not available on this machine, so nothing is known of it
        if scores is not None:
            found[name] = Scored(name, scores)
    return found


def _curve(project: Project, name: str, wanted: float | None, progress: Progress) -> Curved | None:
    """The linear model's learning curve, for closed labels."""
    work = Workspace(project, load_task(project, name), progress)
    return curve_of(work, wanted) if can_curve(work) else None


def _needed(work: Workspace, gates: Sequence[Gate], wanted: float | None, curve: Curved | None) -> float | None:
    if wanted is not None or curve is not None:
        return wanted if curve is None else curve.wanted
    metric = deciding_metrics(work.task)[0]
    return max((t for m, t, _ in gates if m == metric), default=None)


def _gates(work: Workspace, subject: str | None) -> list[Gate]:
    """The gates that ask for a quality on the whole split, with a subject's values on dev."""
    if subject is None:
        return []
    wanted = {m for m, better in quality_metrics(work.task).items() if better == "high"}
    verdicts = [r.verdict for r in run_suite(work.project, work.task.name, subject, "dev", generate=False).records]
    return [
        (v.metric, v.threshold, Share(v.estimate, v.low, v.high, v.n))
        for v in verdicts
        if v.metric in wanted and v.op == ">=" and v.written == "shown" and v.outcome != "invalid"
    ]


def _questions(work: Workspace, best: str | None, needed: float | None) -> list[tuple[str, str]]:
    task = work.task
    said = " ".join(task.instructions.split())
    metric = deciding_metrics(task)[0]
    return [
        ("the task", f"{task.kind}: {said[:100]}{'..' if len(said) > 100 else ''}"),
        ("examples", f"{len(work.split('train')):,} train, {len(work.split('dev')):,} dev"),
        ("prompting tried", "no answers to dev are recorded or cached" if best is None else f"best on dev: {best}"),
        ("accuracy needed", "not stated; use --wanted" if needed is None else f"{metric} >= {needed:g}"),
    ]


def _prompting(
    work: Workspace, best: str | None, answered: Mapping[str, Scored], gates: Sequence[Gate], wanted: float | None
) -> Finding:
    question = "does prompting pass already?"
    if best is None:
        first = next((str(n) for n in declared_baselines(work.task) if n.kind != "linear"), PLAIN_BASE)
        hint = f"not measured; try it with: goldgate evaluate {work.task.name} --subject {first}"
        return Finding("prompt", question, "unknown", hint)
    if wanted is not None:
        metric = deciding_metrics(work.task)[0]
        gates = [(metric, wanted, _share(answered[best].measure(metric)))]
    if not gates:
        return Finding("prompt", question, "unknown", f"the suite has no gate that {best} alone could pass")
    answers = [value.reaches(t) for _, t, value in gates]
    answer = min(answers, key=("no", "undecided", "yes").index)
    metric, t, value = gates[answers.index(answer)]
    words = f"{best}, the best on dev of {len(answered)} tried: {metric} {value}, needed {t:g}"
    return Finding("prompt", question, answer, f"{words}; {answers.count('yes')} of {len(gates)} gates are shown")


def _share(measure: Measure) -> Share:
    low, high = measure.interval()
    return Share(measure.value, low, high, measure.n)


def _counted(values: Sequence[bool]) -> Share:
    return _share(Measure([float(value) for value in values]))


def _facts(work: Workspace, shown: Sequence[Example]) -> Finding:
    """Facts of outputs that their inputs lack."""
    question, task = "do the outputs need facts that are not in the input?", work.task
    if task.kind == "label":
        return Finding("retrieval", question, "no", "the outputs are labels")
    if task.kind == "text":
        common = common_facts(shown, task.instructions)
        lacking = [bool(facts_not_in_input(e, common)) for e in shown]
        what = "outputs with numbers or names that neither input nor instructions hold"
    else:
        fields = _absent_by_field(shown, Form(task.instructions))
        if not fields:
            return Finding("retrieval", question, "no", "every field has few values, which can be learned")
        # By the lower end: a field with three values is not the worst because all three are absent.
        field = max(fields, key=lambda f: _counted(fields[f]).low)
        lacking, what = fields[field], f'values of "{field}", the worst field, that are not written in the input'
    share = _counted(lacking)
    limits = f"yes from {MOSTLY:g}, no below {SELDOM:g}"
    return Finding("retrieval", question, share.reaches(MOSTLY, SELDOM), f"{what}: {share}; {limits}")


def _absent_by_field(shown: Sequence[Example], instructions: Form) -> dict[str, list[bool]]:
    """For each value of the fields that have many, whether it is absent from its input and the instructions."""
    absent: dict[str, list[bool]] = defaultdict(list)
    values: dict[str, list[str]] = defaultdict(list)
    for example in shown:
        form = Form(example.text)
        for path, value in leaves(example.output):
            if (there := stands(value, form)) is not None:
                absent[path or "output"].append(not (there or stands(value, instructions)))
                values[path or "output"].append(render_output(value))
    return {path: found for path, found in absent.items() if not has_few_values(values[path])}


def _examples(work: Workspace) -> Finding:
    question, many = "are there too few examples?", len(work.split("train"))
    words = f"{many:,} training examples; too few below {FEW}, usually enough from {ENOUGH}"
    return Finding("collect", question, "yes" if many < FEW else "no" if many >= ENOUGH else "undecided", words)


def _linear(work: Workspace, curve: Curved | None, needed: float | None) -> Finding:
    question = "does a linear model on embeddings solve it?"
    if work.task.kind != "label":
        return Finding(
            "linear", question, "no", f"it answers with one label, and this task is of kind {work.task.kind}"
        )
    if curve is None:
        return Finding("linear", question, "unknown", "train has too few examples, or of too few labels, to fit one")
    whole = curve.points[-1]
    value = _counted([i < round(whole.score * whole.n) for i in range(whole.n)])
    if needed is None:
        return Finding("linear", question, "unknown", f"{curve.metric} on dev {value}; what is needed is not stated")
    return Finding("linear", question, value.reaches(needed), f"{curve.metric} on dev {value}, needed {needed:g}")


def _changes(work: Workspace, shown: Sequence[Example]) -> Finding:
    """Whether like inputs have other outputs at another time more often than at the same time."""
    question = "do the requirements change over time?"
    dated = sorted((e for e in shown if isinstance(e.meta.get(TIME), str)), key=lambda e: str(e.meta[TIME]))
    if 2 * len(dated) < len(shown):
        words = f'{len(dated):,} of {len(shown):,} examples say when they were made (meta "{TIME}"), too few to tell'
        return Finding("keep_prompting", question, "unknown", words)
    from goldgate.models.embedder import embed

    vectors = embed([e.text for e in dated], work.project.cache)
    half = len(dated) // 2
    outputs = [render_output(e.output) for e in dated]
    gaps = []
    for i in range(len(dated)):
        alike = vectors @ vectors[i]
        alike[i] = -1.0
        early, late = int(alike[:half].argmax()), half + int(alike[half:].argmax())
        if min(alike[early], alike[late]) >= ALIKE:
            own, other = (early, late) if i < half else (late, early)
            gaps.append(float(outputs[other] != outputs[i]) - float(outputs[own] != outputs[i]))
    if len(gaps) < _PAIRS:
        words = f"{len(gaps)} examples have like ones in both halves of time, too few to tell"
        return Finding("keep_prompting", question, "unknown", words)
    share = _share(Measure(gaps, bounds=(-1.0, 1.0)))
    words = f"like inputs differ in their outputs more often across time than within it by {share}"
    return Finding("keep_prompting", question, share.reaches(CHANGES, 2 * CHANGES), words)


def _notes(work: Workspace, answered: Mapping[str, Scored], best: str | None, curve: Curved | None) -> list[str]:
    """What to expect of more examples, and what a prompt costs today."""
    notes = [f"linear model: {line}" for line in curve_sentences(curve)] if curve is not None else []
    metric = deciding_metrics(work.task)[0]
    near = next((s for n, s in answered.items() if "+nearest:" in n and "constrained" not in n), None)
    few = next((s for n, s in answered.items() if "+few_shot:" in n and "constrained" not in n), None)
    if near is not None and few is not None:
        gain = _share(near.measure(metric) - few.measure(metric))
        learned = "examples teach what instructions do not" if gain.low > 0 else "that examples help is not shown"
        notes.append(f"the nearest examples in the prompt instead of fixed ones: {metric} {gain} more; {learned}")
    if best is not None and (tokens := answered[best].measure("tokens_in")).missing < tokens.n:
        notes.append(
            f"cost: {best} reads {tokens.value:,.0f} tokens for each answer; a tuned model needs no examples in it"
        )
    if (champion := load_champion(work.project, work.task.name)) is not None:
        notes.append(f"a champion exists already: {champion.subject}; `goldgate champions {work.task.name}` shows it")
    return notes
