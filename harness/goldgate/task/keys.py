"""The keys of task.yaml as pydantic models: names, types, defaults, limits and what each key means.

docs/generate.py writes docs/reference/task-yaml.md from the descriptions here.
"""

from __future__ import annotations

import re
import warnings
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from goldgate.base.errors import UserError
from goldgate.task.pattern import found_by_python
from goldgate.task.subject_name import SubjectName

Kind = Literal["json", "label", "text"]
Reading = Literal["shown", "plausible", "observed"]
Golden = Literal["closed", "sealed"]
Paraphrases = Literal["told", "refused"]
Compare = Literal["exact", "text", "number", "date", "list", "set"]


class Strict(BaseModel):
    """A section of task.yaml: unknown keys and values of another type are errors, and nothing can be changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Decoding(Strict):
    """How answers are generated."""

    max_new_tokens: int = Field(
        default=128, ge=1, le=8192, description="Token limit of an answer. An answer that reaches it counts as cut off."
    )
    max_prompt_tokens: int = Field(
        default=2048,
        ge=1,
        description="Token limit of a prompt. A longer prompt is not answered and counts as missing.",
    )
    temperature: float = Field(default=0.0, ge=0.0, le=5.0, description="Sampling temperature; 0 is greedy decoding.")
    seed: int = Field(default=0, description="Seed of the sampling at a temperature above 0.")


class FieldRule(Strict):
    """How one field of a JSON answer is compared with the expected value."""

    compare: Compare = Field(
        default="exact",
        description="`exact`: the same JSON value; `text`: the same text apart from case and runs of whitespace;"
        " `number`: within `tolerance`; `date`: ISO dates of the same day; `list`: item by item; `set`: items in any"
        " order.",
    )
    tolerance: float = Field(default=0.0, ge=0.0, description="Largest absolute difference that `number` accepts.")
    weight: float = Field(
        default=1.0, gt=0.0, description="Weight of a top-level field in `field_accuracy` and the other field metrics."
    )
    align: bool = Field(
        default=False, description="Pairs the items of a `list` by their content first, instead of by position."
    )

    @model_validator(mode="after")
    def _consistent(self) -> FieldRule:
        if self.tolerance and self.compare != "number":
            raise ValueError(f"a tolerance is for numbers, and this field compares as {self.compare}")
        if self.align and self.compare != "list" and "compare" in self.model_fields_set:
            raise ValueError(f"align is for lists, and this field compares as {self.compare}")
        return self


def _regex(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # patterns whose meaning a future Python version may change
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r:.60} is not a valid regular expression ({error})") from error
    found_by_python(pattern, "")  # raises ValueError for what its matcher would not take
    return pattern


def _absent(value: object) -> bool:
    return value in (None, ())


Regexes = tuple[Annotated[str, AfterValidator(_regex)], ...]


class Style(Strict):
    """A house style as rules that a program can check (kind `text`). At least one rule must be set."""

    greeting: tuple[str, ...] = Field(
        default=(), description="The first line must equal one of these; `{name}` stands for a capitalised name."
    )
    sign_off: str = Field(default="", description="The last line must equal this text.")
    forbidden: tuple[str, ...] = Field(default=(), description="Strings that must not occur outside quoted text.")
    banned_words: tuple[str, ...] = Field(
        default=(), description="Words or phrases that must not occur outside quoted text, in any case."
    )
    contractions: bool = Field(
        default=False, description="`true`: a form that has a contraction must use it (`do not` breaks the rule)."
    )
    max_sentences: int | None = Field(default=None, ge=1, description="Most sentences of the body.")
    # Keys added later are dumped only if they are set: the dump of a style is part of the suite's digest.
    min_words: int | None = Field(default=None, ge=1, exclude_if=_absent, description="Fewest words of the body.")
    max_words: int | None = Field(default=None, ge=1, exclude_if=_absent, description="Most words of the body.")
    min_characters: int | None = Field(
        default=None, ge=1, exclude_if=_absent, description="Fewest characters of the body."
    )
    max_characters: int | None = Field(
        default=None, ge=1, exclude_if=_absent, description="Most characters of the body."
    )
    must_match: Regexes = Field(
        default=(),
        exclude_if=_absent,
        description="Regular expressions that must all be found in the answer (`re.search`). An answer of more than"
        " 10,000 characters, or on which a pattern takes longer than a second, breaks this rule and the next.",
    )
    must_not_match: Regexes = Field(
        default=(), exclude_if=_absent, description="Regular expressions of which none may be found in the answer."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Style:
        for low, high, what in (
            (self.min_words, self.max_words, "words"),
            (self.min_characters, self.max_characters, "characters"),
        ):
            if low is not None and high is not None and low > high:
                raise ValueError(f"min_{what} {low} is more than max_{what} {high}: no text can satisfy both")
        if self == Style.model_construct():
            raise ValueError("a style without rules accepts every text: set at least one")
        return self


class Price(Strict):
    """What tokens cost, per million, in one currency of your choice."""

    per_million_input: float = Field(default=0.0, ge=0.0, description="Price of a million prompt tokens.")
    per_million_output: float = Field(default=0.0, ge=0.0, description="Price of a million generated tokens.")
    per_million_cached_input: float | None = Field(
        default=None,
        ge=0.0,
        exclude_if=_absent,
        description="Price of a million prompt tokens that the vendor's prompt cache holds, because other requests"
        " begin with the same ones; often a tenth of `per_million_input`. Unset: caching is not priced.",
    )
    least_cached_prefix: int = Field(
        default=0,
        ge=0,
        exclude_if=lambda least: least == 0,
        description="Shortest beginning of a prompt that the vendor caches, in tokens: 1024 with OpenAI; 1024 to 4096"
        " with Gemini and Claude, by model.",
    )

    @model_validator(mode="after")
    def _cached_is_cheaper(self) -> Price:
        cached = self.per_million_cached_input
        if cached is not None and not cached <= self.per_million_input:
            raise ValueError(
                f"per_million_cached_input {cached:g} is more than per_million_input {self.per_million_input:g}:"
                " nobody would use that cache"
            )
        if cached is None and self.least_cached_prefix:
            raise ValueError(
                "least_cached_prefix says when prompts are cached, but no per_million_cached_input says at what price"
            )
        return self


class Prices(Price):
    """What tokens cost, for all subjects and for those that are named, and what an hour of training costs."""

    subjects: dict[str, Price] = Field(
        default_factory=dict,
        exclude_if=lambda named: not named,
        description="Subject (or endpoint without its strategy) → prices of its own.",
    )
    machine_hour: float | None = Field(
        default=None,
        gt=0.0,
        exclude_if=_absent,
        description="Price of an hour of the machine that trains; `goldgate train --money` needs it.",
    )

    @property
    def of_tokens(self) -> bool:
        """Whether token prices are set: a price for the machine alone must not make every answer free."""
        return self.model_fields_set != {"machine_hour"}


class Thinking(Strict):
    """For models that think before they answer. What follows the closing tag is the answer; a thought without an end
    counts as cut off.
    """

    open: str = Field(default="<think>", min_length=1, description="Tag that opens a thought.")
    close: str = Field(default="</think>", min_length=1, description="Tag that closes it.")


class Optimize(Strict):
    """How `optimized:N` is searched. Without a budget the search gets as long as training is expected to take."""

    calls: int | None = Field(
        default=None,
        ge=20,
        description="Most answers that the search may ask for. With `minutes` too, what is used up first ends it.",
    )
    minutes: float | None = Field(
        default=None,
        gt=0.0,
        description="Time for the search. It is turned into a number of answers by the first of them, so that the same"
        " answers give the same winner.",
    )
    seed: int = Field(default=0, description="Seed of the search.")
    reflection: str | None = Field(
        default=None,
        description="A model that proposes instructions, `openai:MODEL@URL`; needs `pip install 'goldgate[optimize]'`.",
    )

    @field_validator("reflection")
    @classmethod
    def _an_endpoint(cls, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            kind = SubjectName.parse(f"{name}+zero_shot").kind
        except UserError as error:
            raise ValueError(f"{error.what}; write openai:MODEL@URL") from error
        if kind != "endpoint":
            raise ValueError(f"{name!r:.60} is no model at an endpoint: write openai:MODEL@URL")
        return name


class TaskFile(Strict):
    """All keys of task.yaml."""

    task: str = Field(description="Name of the task; it equals the name of its folder in `suites/`.")
    kind: Kind = Field(description="What an answer is: a JSON value, one label of a closed list, or free text.")
    instructions: str = Field(min_length=1, description="What every prompt says.")
    model: str = Field(
        default="smollm2-135m",
        description="Base model: `smollm2-135m`, a Hugging Face id, or a folder with safetensors.",
    )
    template: dict[str, Any] = Field(
        default_factory=dict,
        description="Arguments of the chat template. A template that writes today's date needs a fixed one here"
        " (`date_string` for Llama 3). Where a template has no system role (Gemma), the system text opens the first"
        " user turn, in training and in answering alike.",
    )
    chat_template: str | None = Field(
        default=None,
        description="A Jinja file next to task.yaml, for a base model without a chat template of its own. Each turn"
        " should end with a special token of the tokenizer.",
    )
    thinking: Thinking | None = Field(default=None, description="Tags of a model that thinks before it answers.")
    decoding: Decoding = Field(default=Decoding(), description="Token limits and sampling.")
    schema_: str | None = Field(
        default=None, alias="schema", description="Kind `json`, required there: a JSON Schema file next to task.yaml."
    )
    labels: tuple[str, ...] = Field(default=(), description="Kind `label`, required there: all labels.")
    fields: dict[str, FieldRule] = Field(
        default_factory=dict, description="Kind `json`: path of a field (`items.amount`) → how it is compared."
    )
    style: Style | None = Field(default=None, description="Kind `text`: rules of the house style.")
    baselines: tuple[str, ...] = Field(
        default=("zero_shot", "few_shot:4", "nearest:4"),
        min_length=1,
        description="Prompting strategies for the base model (`zero_shot`, `few_shot:K`, `nearest:K`, `optimized:N`,"
        " `file:PROMPT.md`, each also with `+constrained`), or whole subjects. The best of them on dev is `prompted`.",
    )
    optimize: Optimize = Field(default=Optimize(), description="How `optimized:N` is searched.")
    incumbent: str | None = Field(default=None, description="The subject that runs in production today.")
    gates: Reading = Field(default="shown", description="Reading of a gate that names none.")
    error: float = Field(
        default=0.05, gt=0.0, lt=0.5, description="Error rate of a promotion. The first look at golden fixes it."
    )
    golden: Golden = Field(
        default="closed",
        description="`closed`: golden's examples are not shown; `sealed`: nor are its estimates, only verdicts. The"
        " first look at golden fixes it.",
    )
    paraphrases: Paraphrases = Field(
        default="told",
        description="Golden inputs whose embedding is 0.95 or more similar to a train input's. `told`: `goldgate"
        " prepare` names them; `refused`: they make the suite invalid, as near-duplicates always do.",
    )
    max_group: int = Field(
        default=1, ge=1, description="Most examples of one `group` (near-duplicates, one customer) that may occur."
    )
    strata: tuple[str, ...] = Field(
        default=(),
        description="Keys of the examples' `meta`, or prefixes of tags such as `layout:letter`, whose values golden"
        " shares with what the verdict is about: layouts, templates, topics. A verdict is then about new examples of"
        " these values, and of no others.",
    )
    prices: Prices | None = Field(default=None, description="Token prices, for the metric `cost_per_1k`.")
    must_not_regress: tuple[str, ...] = Field(
        default=(), description="Other tasks of the project, each `TASK` or `TASK+STRATEGY`, for the fixture `kept`."
    )
    train: dict[str, Any] = Field(
        default_factory=dict, description="Differences from the default training recipe: see the recipe reference."
    )
