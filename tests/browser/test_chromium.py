"""Where the browser is looked for."""
import sys

import chromium
import pytest


def test_the_variable_names_the_program(monkeypatch):
    monkeypatch.setenv(chromium.VARIABLE, sys.executable)
    assert chromium.find() == sys.executable


def test_a_variable_that_names_no_program_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv(chromium.VARIABLE, str(tmp_path / "chromium"))
    with pytest.raises(ValueError, match="CHROMIUM is .* there is no such program. Correct it, or unset it."):
        chromium.find()


def test_who_has_none_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "usual_places", list)
    assert chromium.find() is None
    monkeypatch.setattr(sys, "platform", "linux")
    assert "apt install chromium" in chromium.how_to_get_it()
    assert chromium.VARIABLE in chromium.how_to_get_it() and "\n" not in chromium.how_to_get_it()
