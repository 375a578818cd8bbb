"""A metric and a perturbation of your own, in a suite of the task that examples/from_csv makes.

Both are code of the suite: a change of either is another question to golden, and therefore another look.
"""

from goldgate import scorer
from goldgate.perturb import Edit, Perturbation

COST = {"account": 5, "billing": 2}  # minutes that a message loses in the wrong queue; 1 where nothing else is given


@scorer(better="low", bounds=(0, 5))
def minutes_lost(example, text):
    """Minutes that a message loses: 0 in the right queue, else what its own queue charges for the detour."""
    return 0 if text.strip() == example.output else COST.get(example.output, 1)


def _forwarded(example, rng):
    """One edit: the header that a mail program puts above a forwarded message."""
    sender = rng.choice(["Reception", "Hotline", "Shop Lindau"])
    return [Edit(0, 0, f"---------- Forwarded ----------\nFrom: {sender}\n\n")]


forwarded = Perturbation("forwarded", "must_not_change", _forwarded)


def test_minutes_lost(candidate):
    # Routing by hand takes a minute a message: a program that loses more than that is not worth having.
    assert candidate.by(minutes_lost) <= 1


def test_forwarded(candidate):
    # One message in five is forwarded by a shop, and its header says nothing about the queue.
    after = candidate.under(forwarded)
    assert after.exact_match - after.unperturbed.exact_match >= -0.05
