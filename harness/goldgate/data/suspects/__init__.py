"""Examples whose expected output may be wrong, ranked for a person to look at. Nothing is flagged or changed."""

from goldgate.data.suspects.find import ORDER, Suspect, Suspects, find_suspects, suspects_or_reason
from goldgate.data.suspects.review import BATCH, worth_another

__all__ = ["BATCH", "ORDER", "Suspect", "Suspects", "find_suspects", "suspects_or_reason", "worth_another"]
