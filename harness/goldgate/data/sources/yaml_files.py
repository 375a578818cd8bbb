"""Reading YAML files that hold a list of objects, such as the tests of a promptfoo configuration."""

from __future__ import annotations

from collections.abc import Iterator

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.encoding import find_encoding, read_text
from goldgate.data.sources.json_files import records_of
from goldgate.data.sources.record import Broken, Record, Source

_LARGEST = 16 * 2**20  # bytes; YAML is read by Python and whole


def read_yaml_file(source: Source, choices: Choices, account: Account) -> Iterator[Record | Broken]:
    """Reads a YAML file that is a list of objects, or an object that holds one.

    Args:
        source: The file.
        choices: The user's decisions.
        account: Receives the decisions on the encoding and on which list was taken.

    Yields:
        The rows in order.

    Raises:
        UserError: The file is too large, is not valid YAML, uses aliases, or holds no list of objects.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tokens import AliasToken

    if source.path.stat().st_size > _LARGEST:
        raise UserError(f"a YAML file of more than {_LARGEST >> 20} MiB", source.name, "save it as JSONL")
    encoding = find_encoding(source, choices.encoding, account)
    text = read_text(source, encoding)
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            if isinstance(token, AliasToken):  # a few lines of them can stand for gigabytes
                line = token.start_mark.line + 1
                raise UserError("aliases (*name) are not read", f"{source.name}, line {line}", "write the value out")
        value = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        first = " ".join(str(error).split())
        raise UserError(f"not valid YAML ({first:.200})", source.name, "fix the file") from error
    yield from records_of(value, source, account)
