"""Numbers with error bars: measures, their exact test, and the verdicts of comparing them. numpy only."""

from harness.measures.evidence import Evidence, Mean
from harness.measures.intervals import interval, lower_bound, upper_bound
from harness.measures.measure import Measure, Read
from harness.measures.special import macro_f1, perplexity_ratio, seconds
from harness.measures.tail import Sample, p_value, sample
from harness.measures.verdict import Outcome, Reading, Recording, Verdict, check_unsealed, current, invalid, recording

__all__ = [
    "Evidence", "Mean", "Measure", "Outcome", "Read", "Reading", "Recording", "Sample", "Verdict", "check_unsealed",
    "current", "interval", "invalid", "lower_bound", "macro_f1", "p_value", "perplexity_ratio", "recording", "sample",
    "seconds", "upper_bound",
]
