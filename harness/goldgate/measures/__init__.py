"""Measures with confidence intervals, and the verdicts of comparing them. Depends only on numpy."""

from goldgate.measures.context import Judge, Recording, current, recording
from goldgate.measures.estimate import OPEN, Estimate, Hold, Use
from goldgate.measures.evidence import Evidence, Mean
from goldgate.measures.intervals import interval, lower_bound, upper_bound
from goldgate.measures.measure import Measure
from goldgate.measures.reading import Read
from goldgate.measures.special import macro_f1, perplexity_ratio, seconds
from goldgate.measures.tail import Sample, p_value, sample
from goldgate.measures.verdict import Judged, Outcome, Reading, Verdict, invalid

__all__ = [
    "OPEN",
    "Estimate",
    "Evidence",
    "Hold",
    "Judge",
    "Judged",
    "Mean",
    "Measure",
    "Outcome",
    "Read",
    "Reading",
    "Recording",
    "Sample",
    "Use",
    "Verdict",
    "current",
    "interval",
    "invalid",
    "lower_bound",
    "macro_f1",
    "p_value",
    "perplexity_ratio",
    "recording",
    "sample",
    "seconds",
    "upper_bound",
]
