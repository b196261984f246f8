# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Word of a lease that ended by itself: what it says, and that nothing else is read out of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.ended import EndedLease, EndedLeases

SUBJECT = "/etc/docker/registry/config.yml"
ENDED = EndedLease("root on control, ansible-playbook, process 7", 1_000.0, 1_600.0, "10m", 1_601.0, was_swept=False)


@pytest.fixture
def store(tmp_path: Path) -> EndedLeases:
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    return EndedLeases(str(directory))


def test_what_is_left_is_found_until_it_is_forgotten(store: EndedLeases) -> None:
    assert store.load(SUBJECT) is None
    store.save(SUBJECT, ENDED)
    assert store.load(SUBJECT) == ENDED
    assert store.load("another") is None
    assert Path(store.path(SUBJECT)).stat().st_mode & 0o777 == 0o600
    store.forget(SUBJECT)
    store.forget(SUBJECT)
    assert not Path(store.directory).exists()


def test_what_else_lies_there_stays(store: EndedLeases) -> None:
    store.save(SUBJECT, ENDED)
    store.save("another", ENDED)
    store.forget(SUBJECT)
    assert store.load("another") == ENDED


def test_it_is_short_whoever_it_was(store: EndedLeases) -> None:
    store.save(SUBJECT, ENDED._replace(who="x" * 10_000))
    assert Path(store.path(SUBJECT)).stat().st_size < 1000


@pytest.mark.parametrize(
    "changed",
    [{"format": 2}, {"closed_at": "yesterday"}, {"opened_at": 1e300}, {"expired_at": None}, {"format": None}],
)
def test_what_can_not_be_read_is_nothing(store: EndedLeases, changed: dict[str, Any]) -> None:
    store.save(SUBJECT, ENDED)
    path = Path(store.path(SUBJECT))
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    assert store.load(SUBJECT) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"'])
def test_what_is_damaged_is_nothing(store: EndedLeases, content: str) -> None:
    Path(store.path(SUBJECT)).write_text(content)
    assert store.load(SUBJECT) is None


def test_what_others_could_have_written_is_nothing(store: EndedLeases) -> None:
    store.save(SUBJECT, ENDED)
    Path(store.path(SUBJECT)).chmod(0o666)
    assert store.load(SUBJECT) is None


def test_without_room_there_is_no_word(tmp_path: Path) -> None:
    EndedLeases(str(tmp_path / "missing")).save(SUBJECT, ENDED)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (ENDED, ["at 1970-01-01T00:26:41Z, for the lease was over: root on control", "for 10m at most", "not opened"]),
        (ENDED._replace(was_swept=True), ["its sweep had not ended, and was stopped", "longer lease"]),
        (ENDED._replace(opened_at=1_200.0), ["after it was started anew: root on control"]),
    ],
)
def test_it_says_when_and_why(ended: EndedLease, words: list[str]) -> None:
    said = ended.sentence(SUBJECT)
    assert said.startswith(f"this host opened {SUBJECT} by itself at ")
    assert all(word in said for word in words), said
