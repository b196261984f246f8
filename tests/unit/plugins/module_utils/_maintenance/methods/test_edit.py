# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The read-only key is changed and every other byte stays; what was put in comes out again."""

from __future__ import annotations

import difflib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import DrydockError, MaintenanceError
from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.edit import (
    Edit,
    set_read_only,
    take_out,
)
from ansible_collections.drydock.registry.plugins.module_utils._registry.config import parse_config, with_read_only

DEBIAN = b"""\
# the registry of team A
version: 0.1
storage:
  # keep the cache
  cache:
    blobdescriptor: inmemory   # fast
  filesystem:
    rootdirectory: /var/lib/docker-registry
http:
  addr: :5000
  secret: "hunter2"
"""


def edit(content: bytes, enabled: bool = True) -> Edit:
    done = set_read_only(content, enabled, "config.yml")
    assert parse_config(done.content, "edited") == with_read_only(parse_config(content, "original"), enabled)
    return done


def changed_lines(before: bytes, after: bytes) -> list[str]:
    lines = difflib.ndiff(before.decode().splitlines(True), after.decode().splitlines(True))
    return [line for line in lines if line[0] in "+-"]


def test_one_line_is_added_and_nothing_else() -> None:
    added = changed_lines(DEBIAN, edit(DEBIAN).content)
    assert added == ["+   maintenance: {readonly: {enabled: true}}\n"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b"storage:\n  maintenance:\n    readonly:\n      enabled: false # not now\n  inmemory:\n",
            b"storage:\n  maintenance:\n    readonly:\n      enabled: true # not now\n  inmemory:\n",
        ),
        (
            b"storage:\n  maintenance:\n    uploadpurging: {enabled: false}\n  inmemory:\n",
            (
                b"storage:\n  maintenance:\n    readonly: {enabled: true}\n"
                b"    uploadpurging: {enabled: false}\n  inmemory:\n"
            ),
        ),
        (b"storage: {inmemory: {}}\n", b"storage: {maintenance: {readonly: {enabled: true}}, inmemory: {}}\n"),
        (
            b'{"storage": {"maintenance": {"readonly": {}}}}',
            b'{"storage": {"maintenance": {"readonly": {enabled: true}}}}',
        ),
        (
            b"storage: inmemory # short\n",
            b"storage: {inmemory: {}, maintenance: {readonly: {enabled: true}}} # short\n",
        ),
        (b"http: {}\nstorage:\n", b"http: {}\nstorage: {maintenance: {readonly: {enabled: true}}}\n"),
        (b"http: {}", b"storage: {maintenance: {readonly: {enabled: true}}}\nhttp: {}"),
        (
            b"storage:\r\n  inmemory: {}\r\n",
            b"storage:\r\n  maintenance: {readonly: {enabled: true}}\r\n  inmemory: {}\r\n",
        ),
        (
            "storage:\n  maintenance: ~\n  inmemory: # für später\n".encode(),
            "storage:\n  maintenance: {readonly: {enabled: true}}\n  inmemory: # für später\n".encode(),
        ),
        (
            "# Größe 🚢\nstorage: &s\n  inmemory: {}\n".encode(),
            "# Größe 🚢\nstorage: &s\n  maintenance: {readonly: {enabled: true}}\n  inmemory: {}\n".encode(),
        ),
        (
            b"storage:\n  maintenance:\n    readonly:\n  inmemory:\n",
            b"storage:\n  maintenance:\n    readonly: {enabled: true}\n  inmemory:\n",
        ),
    ],
)
def test_every_way_a_file_may_be_written(before: bytes, after: bytes) -> None:
    assert edit(before).content == after


@pytest.mark.parametrize(
    "content",
    [
        # Changing the one would change the other.
        b"x: &m {readonly: {enabled: false}}\nstorage: {inmemory: {}, maintenance: *m}\n",
        # What is merged in would be lost.
        b"x: &m {maintenance: {uploadpurging: {enabled: false}}}\nstorage: {<<: *m, inmemory: {}}\n",
        b"storage:\n  ? inmemory\n  : {}\n",
        b"storage: {inmemory: {}, maintenance: {readonly: {enabled: [true]}}}\n",
        "storage: {inmemory: {}}\n".encode("utf-16"),
        b"storage: inmemory\n---\nstorage: other\n",
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_refused(content: bytes) -> None:
    with pytest.raises(DrydockError, match=r"config\.yml"):
        set_read_only(content, True, "config.yml")


def test_error_says_what_to_do() -> None:
    content = b"x: &m {readonly: {enabled: false}}\nstorage: {inmemory: {}, maintenance: *m}\n"
    with pytest.raises(MaintenanceError, match=r"set storage\.maintenance\.readonly\.enabled by hand"):
        set_read_only(content, True, "config.yml")


def test_take_out_of_a_file_that_was_changed_since() -> None:
    done = edit(DEBIAN)
    theirs = done.content.replace(b":5000", b":5001").replace(b"# fast", b"# very fast")
    taken = take_out(theirs, done, "config.yml")
    assert taken == DEBIAN.replace(b":5000", b":5001").replace(b"# fast", b"# very fast")


def test_take_out_leaves_a_file_that_was_written_anew() -> None:
    done = edit(DEBIAN)
    theirs = yaml.safe_dump(yaml.safe_load(done.content)).encode()
    assert take_out(theirs, done, "config.yml") is None


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x80\x85"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | TEXT
TREES = st.recursive(SCALARS, lambda more: st.lists(more, max_size=3) | st.dictionaries(TEXT, more, max_size=3))
READONLY = st.none() | st.dictionaries(st.sampled_from(["enabled"]), st.booleans())
MAINTENANCE = st.none() | st.fixed_dictionaries({}, optional={"readonly": READONLY, "uploadpurging": TREES})
STORAGE = st.fixed_dictionaries(
    {"filesystem": st.dictionaries(TEXT, SCALARS, max_size=3)}, optional={"maintenance": MAINTENANCE, "cache": TREES}
)
CONFIGS = st.fixed_dictionaries({"version": st.just(0.1)}, optional={"storage": STORAGE | st.none(), "http": TREES})


@given(CONFIGS, st.sampled_from([None, False, True]), st.booleans(), st.integers(2, 6), st.booleans())
def test_any_file(config: dict[str, object], flow: bool | None, crlf: bool, indent: int, enabled: bool) -> None:
    text = yaml.safe_dump(
        config, default_flow_style=flow, allow_unicode=True, indent=indent, line_break="\r\n" if crlf else "\n"
    )
    content = text.encode()
    done = edit(content, enabled)
    assert edit(done.content, enabled).content == done.content
    if done.inserted is not None:
        assert take_out(done.content, done, "config.yml") == content
