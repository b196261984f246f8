# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is there whole or not at all, and there is one way to write it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, Iterator

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics.durable import replacing, write_durably

PLUGINS = Path(__file__).parents[5] / "plugins"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_takes_the_place_of_a_file_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("before")
    path.chmod(0o644)

    write_durably(str(path), ["a", "\udcff", "é"])

    assert path.read_bytes() == "a\\udcffé".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]


def test_takes_the_place_of_a_link_and_not_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("theirs")
    (tmp_path / "link").symlink_to("elsewhere")

    write_durably(str(tmp_path / "link"), ["ours"])

    assert ((tmp_path / "elsewhere").read_text(), (tmp_path / "link").read_text()) == ("theirs", "ours")


def test_writes_into_the_directory_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    write_durably("plan.json", ["here"])

    assert (tmp_path / "plan.json").read_text() == "here"


def test_is_seen_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("before")

    with replacing(str(path)) as file:
        file.write(b"after")
        file.flush()
        assert path.read_text() == "before"

    assert path.read_text() == "after"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_leaves_what_was_there_and_nothing_else_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "record.json"
    path.write_text("before")

    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(str(path), ["after"])

    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["record.json"]


def test_leaves_nothing_of_what_its_writer_gave_up(tmp_path: Path) -> None:
    def texts() -> Iterator[str]:
        yield "half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_durably(str(tmp_path / "plan.json"), texts())

    assert os.listdir(tmp_path) == []


def test_is_on_the_disk_before_it_has_its_name_and_its_name_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        seen.append(
            "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else f"{os.fstat(descriptor).st_size} bytes"
        )
        fsync(descriptor)

    def watched_replace(source: str, target: str) -> None:
        seen.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    write_durably(str(tmp_path / "plan.json"), ["whole"])

    assert seen == ["5 bytes", "name", "directory"]


def test_there_is_no_other_way() -> None:
    """But for a file that must stay the same one, which is written in place."""
    writers = {str(path.relative_to(PLUGINS)) for path in PLUGINS.rglob("*.py") if "fsync" in path.read_text()}

    assert writers == {"module_utils/_basics/durable.py", "module_utils/_maintenance/methods/file.py"}
