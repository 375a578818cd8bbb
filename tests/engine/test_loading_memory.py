"""Memory goes back to the system when models are forgotten, where the C library can be asked for it."""

from __future__ import annotations

import ctypes
import sys

import pytest

from goldgate.engine import loading


class Library:
    """Stands for the C library, and notes what it is asked."""

    def __init__(self) -> None:
        self.trimmed: list[int] = []

    def malloc_trim(self, pad: int) -> int:
        self.trimmed.append(pad)
        return 1


def test_forgetting_models_gives_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    loading.forget_models()
    assert library.trimmed == [0]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_c_library_without_it_is_left_alone(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    loading.forget_models()
