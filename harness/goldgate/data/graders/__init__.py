"""A vendor's graders as gates: what means the same here is imported, with the difference stated; the rest is named.

Nothing of a file is executed, and no model is asked to judge.
"""

from goldgate.data.graders.gates import Imported, import_graders
from goldgate.data.graders.read import read_graders

__all__ = ["Imported", "import_graders", "read_graders"]
