"""From files to rows: what people have, read strictly, with an account of every row that did not become one.

find the file's format → read records and broken lines → recognise the shape, or take the named columns → rows
"""

from goldgate.data.sources.choices import PARTS, Choices, parse_delimiter, parse_map
from goldgate.data.sources.formats import SUFFIXES
from goldgate.data.sources.read import read_rows

__all__ = ["PARTS", "SUFFIXES", "Choices", "parse_delimiter", "parse_map", "read_rows"]
