"""Personal data and secrets in texts: finding them, naming their lines, and putting stand-ins in their place.

What is found has a form: e-mail and network addresses, phone numbers, payment cards, IBANs, the national numbers of
`goldgate.data.personal.national`, and the secrets of `goldgate.data.personal.secrets`. Names, postal addresses and
dates of birth have none, and are not found.
"""

from goldgate.data.personal.find import find
from goldgate.data.personal.findings import Finding, check_secrets, find_in_rows
from goldgate.data.personal.found import Found
from goldgate.data.personal.scrub import masked_text, scrub
from goldgate.data.personal.standins import REDACTIONS, StandIns

__all__ = [
    "REDACTIONS",
    "Finding",
    "Found",
    "StandIns",
    "check_secrets",
    "find",
    "find_in_rows",
    "masked_text",
    "scrub",
]
