"""What an endpoint says instead of an answer: kept apart from answers, asked again where that helps, and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.answers.collect import AnswerCache, collect
from goldgate.base.errors import UserError
from goldgate.subjects import Answer, parse_subject
from goldgate.subjects.remote import LOST_IN_A_ROW, how_known
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.task import Task

from ..conftest import ChatServer, completion

Made = tuple[Project, Task]
Serve = Callable[..., ChatServer]
KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture
def task(make_task: Callable[..., Made]) -> Made:
    return make_task({"kind": "text", "decoding": {"max_new_tokens": 12, "max_prompt_tokens": 50}}, train=[("a", "b")])


def questions(count: int) -> list[Example]:
    return [Example(f"e{i}", f"question {i}", "yes") for i in range(count)]


def ask(made: Made, url: str, count: int = 1) -> list[Answer]:
    project, task = made
    return list(parse_subject(f"openai:m@{url}+zero_shot", task, project).answer(questions(count)))


def error(status: int, message: Any, **more: Any) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps({"error": {"message": message, **more}}).encode()


@pytest.mark.parametrize(
    "refusal",
    [
        error(402, "Insufficient Balance"),
        error(400, "Insufficient Balance"),
        error(422, "Insufficient Balance"),
        error(429, "Insufficient Balance", code="insufficient_quota"),
        error(200, "Insufficient Balance", code=402),
        error(200, "Insufficient Balance", code=400),
        error(451, "Insufficient Balance"),
        completion("half an", finish="content_filter"),
    ],
)
def test_a_refusal_is_never_kept_and_every_answer_is(task: Made, chat_server: Serve, refusal: Any) -> None:
    """Credits end after six answers; once paid, the other six are asked, and no answer is paid for twice."""
    project, made = task
    server = chat_server(lambda body: completion("yes") if len(server.asked) <= 6 or paid else refusal)
    paid: list[bool] = []
    subject = parse_subject(f"openai:m@{server.url}+zero_shot", made, project)
    cache = AnswerCache(project.cache / "a.sqlite")
    try:
        lost = [a.error for a in collect(subject, questions(12), cache=cache).answers.values() if a.text is None]
    except UserError as caught:
        lost = [str(caught)]
    assert lost
    assert all("Insufficient Balance" in said or "content filter" in said for said in lost)
    paid.append(True)
    server.asked.clear()
    found = collect(subject, questions(12), cache=cache)
    assert {a.text for a in found.answers.values()} == {"yes"}
    assert len(server.asked) == 6
    assert found.counts == {"recorded": 0, "cache": 6, "model": 6}


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Provider overloaded", "code": 502}},
        {"error": {"message": "Provider overloaded", "code": "429"}},
        {"error": {"message": "Provider overloaded", "type": "rate_limit_error"}},
        {"error": {"message": "Provider overloaded"}},
        {"error": "Provider overloaded"},
        {"object": "error", "message": "Provider overloaded", "code": 503},
        {"detail": "Provider overloaded"},
        {"choices": [], "base_resp": {"status_code": 1002, "status_msg": "Provider overloaded"}},
        {"choices": [{"error": {"message": "Provider overloaded", "code": 502}, "finish_reason": "error"}]},
        {"error": {"message": "Provider overloaded"}, "choices": [{"message": {"content": "ye"}}]},
        {"id": "c1", "note": "Provider overloaded"},
    ],
)
def test_an_error_within_a_200_is_asked_again_and_its_words_are_told(
    task: Made, chat_server: Serve, body: dict[str, Any]
) -> None:
    raw = json.dumps(body).encode()
    server = chat_server(lambda _: (200, {}, raw) if len(server.asked) % 2 else completion("yes"))
    assert [a.text for a in ask(task, server.url, 1)] == ["yes"]
    assert len(server.asked) == 2
    always = chat_server(lambda _: (200, {}, raw))
    (answer,) = ask(task, always.url)
    assert (answer.text, answer.passing, len(always.asked)) == (None, True, 3)
    assert "Provider overloaded" in answer.error


@pytest.mark.parametrize(
    "more", [{"error": None}, {"error": {}}, {"base_resp": {"status_code": 0, "status_msg": "ok"}}]
)
def test_an_answer_beside_an_empty_error_is_an_answer(task: Made, chat_server: Serve, more: dict[str, Any]) -> None:
    assert ask(task, chat_server(lambda body: completion("yes", **more)).url)[0].text == "yes"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_can_help_by_asking_again_is_asked_again(task: Made, chat_server: Serve, status: int) -> None:
    server = chat_server(lambda body: error(status, "busy") if len(server.asked) < 3 else completion("yes"))
    assert ask(task, server.url)[0].text == "yes"
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 451])
def test_what_cannot_be_helped_is_asked_once_and_told(task: Made, chat_server: Serve, status: int) -> None:
    server = chat_server(lambda body: error(status, "the reason why"))
    try:
        said = ask(task, server.url)[0].error
    except UserError as caught:
        said = str(caught)
    assert f"HTTP {status}: the reason why" in said
    assert len(server.asked) == 1


def test_a_waiting_question_says_nothing(
    task: Made, chat_server: Serve, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    server = chat_server(lambda body: (429, {"Retry-After": "1"}, b"") if len(server.asked) % 2 else completion("yes"))
    assert {a.text for a in ask(task, server.url, 2)} <= {"yes", None}
    assert [record for record in caplog.records if record.name.split(".")[0] not in ("httpx", "httpcore")] == []
    assert capfd.readouterr() == ("", "")


def test_a_wished_wait_is_the_wait(task: Made, chat_server: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from goldgate.subjects import endpoint

    waited: list[float] = []
    monkeypatch.setattr(endpoint, "_pause", lambda over, seconds: waited.append(seconds))
    server = chat_server(lambda body: (429, {"Retry-After": "7"}, b"") if len(server.asked) < 2 else completion("yes"))
    assert ask(task, server.url)[0].text == "yes"
    assert waited == [7.0]


def test_no_question_waits_once_the_run_is_over(task: Made, chat_server: Serve) -> None:
    """One that is refused ends the run; the others would wait for a minute otherwise."""
    server = chat_server(
        lambda body: error(401, "no") if "question 0" in str(body) else (503, {"Retry-After": "60"}, b"")
    )
    with pytest.raises(UserError, match="requires a key"):
        ask(task, server.url, 3)


def test_a_gateways_page_is_told_by_its_words(task: Made, chat_server: Serve) -> None:
    page = b"<html><head><style>p {}</style><title>502 Bad Gateway</title></head><body><h1>cloud</h1></body></html>"
    (answer,) = ask(task, chat_server(lambda body: (502, {}, page)).url)
    assert answer.error == "HTTP 502: 502 Bad Gateway cloud"
    (answer,) = ask(task, chat_server(lambda body: (200, {}, page)).url)
    assert answer.error == "not JSON: 502 Bad Gateway cloud"


@pytest.mark.parametrize(
    "raw",
    [
        b'[{"error": {"code": 400, "message": "told", "status": "INVALID_ARGUMENT"}}]',
        b'{"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "told"}]}}',
        b'{"error": {"message": "Provider returned error", "metadata": {"raw": "{\\"error\\": \\"told\\"}"}}}',
        b'{"detail": [{"msg": "told"}]}',
        b"told",
        b"\xff\xfe told",
    ],
)
def test_the_words_are_found_in_every_vendors_form(task: Made, chat_server: Serve, raw: bytes) -> None:
    (answer,) = ask(task, chat_server(lambda body: (400, {}, raw)).url)
    assert "told" in answer.error
    assert answer.error.isprintable()


@pytest.mark.parametrize(
    "words",
    [
        "Incorrect API key provided: sk-proj-abcdefgh12345678",
        "Incorrect API key provided: sk-proj-****************1234",
        "you sent Authorization: Bearer abc.def-ghi",
        "key AIzaSyA1234567890abcdefghijk is not valid",
        "hf_abcdefghijkl has no access",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 500])
def test_no_key_is_told_whoevers_it_is(task: Made, chat_server: Serve, status: int, words: str) -> None:
    try:
        said = ask(task, chat_server(lambda body: error(status, words)).url)[0].error
    except UserError as caught:
        said = str(caught)
    assert "***" in said
    for secret in ("abcdefgh", "****1234", "abc.def", "AIzaSy"):
        assert secret not in said.replace("***", "", 1)


def test_half_a_key_at_the_cut_is_no_key_either(
    task: Made, chat_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDGATE_KEY_LOCALHOST", KEY)
    for lead in range(170, 200):
        server = chat_server(lambda body, lead=lead: (200, {}, b"x" * lead + KEY.encode()))
        assert KEY[:8] not in ask(task, server.url)[0].error
    escaped = json.dumps(f"you sent {KEY}").replace("-", "\\u002d")
    raw = completion("HERE")[2].replace(b'"HERE"', escaped.encode())
    assert ask(task, chat_server(lambda body: (200, {}, raw)).url)[0].text == "you sent ***"


def only_default(body: dict[str, Any]) -> Any:
    if "temperature" in body:
        said = (
            "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) is supported."
        )
        return error(400, said, param="temperature", code="unsupported_value")
    return completion("yes")


def newer_limit(body: dict[str, Any]) -> Any:
    if "max_tokens" in body:
        said = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return error(400, said, param="max_tokens")
    return only_default(body)


def older_limit(body: dict[str, Any]) -> Any:
    extra = [name for name in ("seed", "chat_template_kwargs", "temperature") if name in body]
    if extra:
        detail = [
            {"type": "extra_forbidden", "loc": ["body", n], "msg": "Extra inputs are not permitted"} for n in extra
        ]
        return 422, {}, json.dumps({"object": "error", "message": {"detail": detail}}).encode()
    return completion("yes")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (only_default, "asked without temperature"),
        (newer_limit, "asked with max_completion_tokens for max_tokens and without temperature"),
        (older_limit, "asked without chat_template_kwargs and without seed and without temperature"),
    ],
)
def test_a_parameter_that_is_not_taken_is_left_out_and_that_is_said(
    make_task: Callable[..., Made], chat_server: Serve, reply: Any, says: str
) -> None:
    sampled = {"decoding": {"temperature": 0.7}, "template": {"thinking": False}} if reply is older_limit else {}
    made = make_task({"kind": "text", **sampled})
    server = chat_server(reply)
    answers = ask(made, server.url, 20)
    assert {a.text for a in answers} == {"yes"}
    assert {a.served for a in answers} == {f"m-2026 fp_1, {says}"}
    assert how_known("openai:m@https://x/v1+y", answers).endswith(says)
    limits = [{"max_tokens", "max_completion_tokens"} & body.keys() for _, body in server.asked]
    assert all(len(names) == 1 for names in limits), "a limit is renamed, never dropped"
    assert len(server.asked) <= 20 + 3 * 8, "once it is known, nothing is asked in vain"


def test_what_was_learned_is_kept_for_the_next_question(task: Made, chat_server: Serve) -> None:
    project, made = task
    server = chat_server(only_default)
    subject = parse_subject(f"openai:m@{server.url}+zero_shot", made, project)
    for example in questions(3):
        assert [a.text for a in subject.answer([example])] == ["yes"]
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "refusal",
    [
        error(400, "This model's maximum context length is 4096 tokens; you requested max_tokens 12."),
        error(400, "max_tokens must be at least 16"),
        error(400, "'response_format' of type 'json_schema' is not supported", param="response_format"),
        error(400, "temperature of the room is not the matter", param="messages"),
        error(400, "messages[0].role does not support 'system' with this model."),
    ],
)
def test_other_complaints_leave_the_question_as_it_is(task: Made, chat_server: Serve, refusal: Any) -> None:
    server = chat_server(lambda body: refusal)
    (answer,) = ask(task, server.url)
    assert answer.text is None
    assert len(server.asked) == 1


def test_what_does_not_help_is_not_tried_again(task: Made, chat_server: Serve) -> None:
    project, made = task
    server = chat_server(lambda body: error(400, "temperature, max_tokens, max_completion_tokens: whatever"))
    subject = parse_subject(f"openai:m@{server.url}+zero_shot", made, project)
    for example in questions(3):
        assert [a.text for a in subject.answer([example])] == [None]
    assert len(server.asked) == 3 + 2


def test_two_parameters_in_one_refusal_are_both_left_out(make_task: Callable[..., Made], chat_server: Serve) -> None:
    made = make_task({"kind": "text", "decoding": {"temperature": 0.7}})
    refusal = error(400, "temperature and seed are not supported with this model")
    server = chat_server(lambda body: refusal if body.keys() & {"temperature", "seed"} else completion("yes"))
    (answer,) = ask(made, server.url)
    assert answer.served == "m-2026 fp_1, asked without seed and without temperature"


def test_a_question_that_is_refused_for_itself_teaches_nothing(task: Made, chat_server: Serve) -> None:
    def reply(body: dict[str, Any]) -> Any:
        flagged = error(400, "flagged") if "question 0" in str(body) else completion("yes")
        return only_default(body) if "temperature" in body else flagged

    project, made = task
    subject = parse_subject(f"openai:m@{chat_server(reply).url}+zero_shot", made, project)
    assert [[a.text for a in subject.answer([example])] for example in questions(3)] == [[None], ["yes"], ["yes"]]


def test_a_value_that_the_task_asks_for_is_not_dropped_for_being_too_high(
    make_task: Callable[..., Made], chat_server: Serve
) -> None:
    made = make_task({"kind": "text", "decoding": {"temperature": 3.0}})
    server = chat_server(lambda body: error(400, "temperature: must be less than or equal to 2", param="temperature"))
    assert ask(made, server.url)[0].text is None
    assert len(server.asked) == 1


def test_refusals_of_every_question_end_the_run_and_later_ones_do_not(task: Made, chat_server: Serve) -> None:
    with pytest.raises(UserError, match="HTTP 400: no such model of mine"):
        ask(task, chat_server(lambda body: error(400, "no such model of mine")).url, 4 * LOST_IN_A_ROW)
    server = chat_server(lambda body: completion("yes") if len(server.asked) <= 8 else error(400, "flagged"))
    answers = ask(task, server.url, 4 * LOST_IN_A_ROW)
    assert sum(a.text is None for a in answers) == 3 * LOST_IN_A_ROW


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "yes"}], "yes"),
        ([{"type": "text", "text": "y"}, {"type": "text", "text": "es"}], "yes"),
        ([{"type": "output_text", "text": "yes", "annotations": []}], "yes"),
        (
            [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "yes"}, {"type": "reference", "ids": [1]}],
            "yes",
        ),
        ([{"type": "refusal", "refusal": "I cannot"}], "I cannot"),
        ([{"type": "text", "text": ""}], ""),
    ],
)
def test_a_content_in_parts_is_the_text_of_its_parts(task: Made, chat_server: Serve, content: Any, text: str) -> None:
    assert ask(task, chat_server(lambda body: completion(content)).url)[0].text == text


NO_USAGE: list[Any] = [
    None,
    [],
    "7",
    {},
    {"prompt_tokens": 0, "completion_tokens": 0},
    {"prompt_tokens": None, "completion_tokens": None},
    {"prompt_tokens": -1, "completion_tokens": -1},
    {"prompt_tokens": "7", "completion_tokens": True},
    {"prompt_tokens": float("nan"), "completion_tokens": 1.5},
]


@pytest.mark.parametrize(
    ("more", "cached"),
    [
        ({}, None),
        ({"prompt_tokens_details": None}, None),
        ({"prompt_tokens_details": {"audio_tokens": 0}}, None),
        ({"prompt_tokens_details": {"cached_tokens": 0}}, 0),
        ({"prompt_tokens_details": {"cached_tokens": 6}}, 6),
        ({"prompt_tokens_details": {"cached_tokens": 7}}, 7),
        ({"prompt_cache_hit_tokens": 5, "prompt_cache_miss_tokens": 2}, 5),
        ({"cached_tokens": 4}, 4),
        ({"prompt_cache_hit_tokens": 5, "prompt_tokens_details": {"cached_tokens": 5}}, 5),
        ({"prompt_cache_hit_tokens": 5, "prompt_tokens_details": {"cached_tokens": 0}}, None),  # which is it?
        ({"prompt_tokens_details": {"cached_tokens": 8}}, None),  # more than the prompt has
        ({"prompt_tokens_details": {"cached_tokens": -1}}, None),
        ({"prompt_tokens_details": {"cached_tokens": True}}, None),
        ({"prompt_tokens_details": {"cached_tokens": "6"}}, None),
        ({"prompt_tokens_details": {"cached_tokens": None}}, None),
        ({"prompt_tokens_details": [6]}, None),
        ({"prompt_tokens_details": {"cached_tokens": 6}, "prompt_tokens": 0}, None),
    ],
)
def test_cached_tokens_are_what_the_endpoint_reports_or_unknown(
    task: Made, chat_server: Serve, more: dict[str, Any], cached: int | None
) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 2, **more}
    (answer,) = ask(task, chat_server(lambda body: completion("yes", usage=usage)).url)
    assert answer.shared_tokens == cached
    assert answer.text == "yes"


@pytest.mark.parametrize("usage", NO_USAGE)
def test_tokens_that_are_not_reported_are_unknown_and_the_answer_is_there(
    task: Made, chat_server: Serve, usage: Any
) -> None:
    (answer,) = ask(task, chat_server(lambda body: completion("yes", usage=usage)).url)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("yes", None, None)


def test_an_empty_answer_may_take_no_tokens(task: Made, chat_server: Serve) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 0}
    (answer,) = ask(task, chat_server(lambda body: completion("", usage=usage)).url)
    assert (answer.prompt_tokens, answer.completion_tokens) == (7, 0)


def test_a_character_that_is_split_over_two_pieces_is_whole(task: Made, chat_server: Serve) -> None:
    raw = completion("d\u00e9j\u00e0 \U0001f600")[2].decode().encode("ascii")
    raw = json.dumps(json.loads(raw), ensure_ascii=False).encode()
    server = chat_server(lambda body: (200, {}, [raw[i : i + 1] for i in range(len(raw))]))
    assert ask(task, server.url)[0].text == "d\u00e9j\u00e0 \U0001f600"


def test_a_connection_that_is_reset_is_asked_again(task: Made, chat_server: Serve) -> None:
    server = chat_server(lambda body: None if len(server.asked) < 3 else completion("yes"))
    assert ask(task, server.url)[0].text == "yes"
    assert len(server.asked) == 3
    always = chat_server(lambda body: None)
    (answer,) = ask(task, always.url)
    assert (answer.text, answer.passing, len(always.asked)) == (None, True, 3)
    assert answer.error


def test_a_403_about_one_question_is_that_question_s(task: Made, chat_server: Serve) -> None:
    server = chat_server(
        lambda body: error(403, "no") if "question 9" in json.dumps(body["messages"]) else completion("yes")
    )
    endpoint = parse_subject(f"openai:m@{server.url}+zero_shot", task[1], task[0])
    assert [a.text for a in endpoint.answer(questions(1))] == ["yes"]
    answers = {a.id: a for a in endpoint.answer(questions(12))}
    assert answers["e9"].text is None
    assert answers["e9"].error == "HTTP 403: no"
    assert sum(a.text == "yes" for a in answers.values()) == 11


def test_a_403_on_the_first_question_is_about_the_key(task: Made, chat_server: Serve) -> None:
    with pytest.raises(UserError, match="requires a key"):
        ask(task, chat_server(lambda body: error(403, "no")).url, 3)


@pytest.mark.parametrize(
    "words", ["Your chosen model requires moderation and your input was flagged", "It violates our usage policies"]
)
def test_a_403_that_speaks_of_the_question_is_the_question_s_even_if_it_is_the_only_one(
    task: Made, chat_server: Serve, words: str
) -> None:
    """As in a second run, which asks only what has no answer yet."""
    (answer,) = ask(task, chat_server(lambda body: error(403, words)).url)
    assert answer.text is None
    assert words in (answer.error or "")
