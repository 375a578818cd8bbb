"""Stand-ins for personal data: the same original has the same one, in every row, and nothing of it can be read back."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.personal import Finding, StandIns, check_secrets, find, find_in_rows
from goldgate.data.personal.find import found_in, parts_of, texts_of
from goldgate.data.row import Place, Row
from goldgate.task.examples import Example

KINDS = {
    "e-mail address": ["jane.doe@example.com", "bob@mail.org", "zoë@post.de"],
    "phone number": ["+49 30 1234567", "(212) 555-0143", "0171 2345678"],
    "card number": ["4111 1111 1111 1111", "378282246310005"],
    "IBAN": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    "US social security number": ["078-05-1120"],
    "UK national insurance number": ["AB 12 34 56 C"],
    "Spanish DNI or NIE": ["12345678Z"],
    "Brazilian CPF": ["529.982.247-25"],
    "IP address": ["8.8.8.8"],
    "AWS access key": ["AKIA" + "IOSFODNN7EXAMPLE"],
    "password named as such": ["password=hunter2"],
}
ORIGINALS = [said for values in KINDS.values() for said in values]


def row(input_: Any, output: Any = "x", number: int = 1, **more: Any) -> Row:
    return Row(input_, output, Place("a.csv", number), **more)


def redacted(*rows: Any) -> list[Any]:
    stand_ins = StandIns(rows)
    return [stand_ins.replaced(one) for one in rows]


def test_the_same_original_has_the_same_stand_in_in_inputs_and_outputs_of_all_rows() -> None:
    one, two = redacted(
        row("Write to Jane.Doe@a.com or +49 30 1234567", {"email": "jane.doe@a.com", "to": ["bob@mail.org"]}),
        row("bob@mail.org rang (0049 30 1234567)", "bob@mail.org", 2),
    )
    assert one.input == f"Write to {one.output['email']} or +00 00 0000001"
    assert one.output["to"] == [two.output]
    assert two.input == f"{two.output} rang (0000 00 0000001)"
    assert one.output["email"] != two.output


def test_an_address_written_for_people_has_the_stand_in_of_the_plain_one() -> None:
    (found,) = redacted(row("bob (at) mail [dot] org", "bob@mail.org and bob AT mail DOT org"))
    assert {found.input, *found.output.split(" and ")} == {"user-a@redacted.example"}


def test_stand_ins_keep_the_form() -> None:
    (found,) = redacted(row("4111-1111-1111-1111, DE89 3704 0044 0532 0130 00, 078-05-1120, AB 12 34 56 C, 8.8.8.8"))
    assert found.input == "0000-0000-0000-0001, XX00 0000 0000 0000 0000 01, 000-00-0001, XX 00 00 01 X, 198.18.0.1"


def test_a_whole_number_stays_a_whole_number() -> None:
    (found,) = redacted(row("call me", {"phone": 5551234567, "card": 4111111111111111, "total": 4900}))
    assert found.output == {"phone": 1, "card": 1, "total": 4900}


def test_messages_tags_groups_and_other_columns_are_replaced_too() -> None:
    mail = "jane.doe@example.com"
    messages = ({"role": "user", "content": f"I am {mail}"},)
    (one,) = redacted(row(messages, "x", accept=(mail,), tags=(mail,), group=mail, more={"from": mail}))
    mine = "user-a@redacted.example"
    assert one.input == ({"role": "user", "content": f"I am {mine}"},)
    assert (one.accept, one.tags, one.group, one.more) == ((mine,), (mine,), mine, {"from": mine})
    (example,) = redacted(Example("e1", mail, "x", meta={"from": mail}))
    assert (example.id, example.input, example.meta) == ("e1", mine, {"from": mine})


def test_rows_without_finds_stay_the_same_objects() -> None:
    one = row("Where is order 4498?", {"total": 4900})
    assert redacted(one)[0] is one


def test_the_order_of_the_rows_changes_no_stand_in() -> None:
    rows = [row(f"I am {said}", said, n) for n, said in enumerate(ORIGINALS)]
    mixed = rows[:]
    random.Random(1).shuffle(mixed)
    assert sorted(map(repr, redacted(*rows))) == sorted(map(repr, redacted(*mixed)))


def test_a_second_redaction_finds_nothing_and_uses_no_number_again() -> None:
    first = StandIns([row("jane.doe@example.com")])
    old = first.replaced(row("jane.doe@example.com"))
    later = StandIns([old, row("bob@mail.org")], used=first.counts)
    assert later.replaced(old) is old
    assert later.replaced(row("bob@mail.org")).input == "user-b@redacted.example"


@given(st.lists(st.sampled_from(ORIGINALS), min_size=1, max_size=6), st.integers(0, 3000))
def test_nothing_is_found_after_a_redaction_and_no_original_remains(said: list[str], used: int) -> None:
    rows = [row(f"It is {one}, yes", {"value": one, "all": said}, n) for n, one in enumerate(said)]
    stand_ins = StandIns(rows, used=dict.fromkeys(KINDS, used))
    for one in rows:
        new = stand_ins.replaced(one)
        assert stand_ins.replaced(new) == new
        assert [found for _, value in parts_of(new) for lead, t in texts_of(value) for found in found_in(lead, t)] == []
        written = json.dumps(new.output, ensure_ascii=False) + str(new.input)
        assert not [original for original in ORIGINALS if original.split("=")[-1] in written]


def test_counts_and_lines_are_told_with_masked_samples() -> None:
    rows = [
        row("Mail jane.doe@example.com, or bob@mail.org", "x", 4),
        row("My card 4111 1111 1111 1111 belongs to jane.doe@example.com", "x", 9),
        row("password=hunter2", "x", 11),
    ]
    secret, mails, cards = find_in_rows((one.place, one) for one in rows)
    assert (secret.kind, secret.secret, secret.count) == ("password named as such", True, 1)
    assert (mails.count, [str(p) for p in mails.places]) == (3, ["a.csv, line 4", "a.csv, line 9"])
    assert cards.samples == ("a.csv, line 9, input: My card ‹card number› belongs to ‹e-mail address›",)
    shown = json.dumps([one.to_json() for one in (secret, mails, cards)])
    assert not [said for said in ("jane", "bob", "4111", "hunter") if said in shown]


def test_secrets_are_refused_by_line_and_not_repeated() -> None:
    rows = [row(f"password=hunter{n}", "x", n) for n in range(1, 31)]
    with pytest.raises(UserError) as caught:
        check_secrets(find_in_rows((one.place, one) for one in rows), "replace them")
    said = str(caught.value)
    assert "30 secrets" in said
    assert "a.csv, line 20: password named as such" in said
    assert "and 10 more" in said
    assert "hunter" not in said
    check_secrets([Finding("e-mail address", False, 1, (), ())], "nothing to do")


@pytest.mark.parametrize(("kind", "said"), [(kind, said) for kind, values in KINDS.items() for said in values])
def test_every_kind_is_one_that_is_found(kind: str, said: str) -> None:
    assert [one.kind for one in find(f"It is {said}.")] == [kind]
