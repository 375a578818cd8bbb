"""What wants a person, written as one table, and the decisions read back."""

from goldgate.data.review.apply import Applied, apply_decisions
from goldgate.data.review.items import Item, Review, items_of
from goldgate.data.review.table import read_decisions, write_table

__all__ = ["Applied", "Item", "Review", "apply_decisions", "items_of", "read_decisions", "write_table"]
