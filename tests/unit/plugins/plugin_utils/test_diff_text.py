# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffs as text, each with its host."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.plugin_utils._diff_text import diff_text, with_headers

PART = {"before": "a\nb\n", "after": "a\n"}


def test_each_part_names_its_host() -> None:
    named = with_headers([PART, {**PART, "before_header": "a file"}], "registry1")
    assert [(one["before_header"], one["after_header"]) for one in named] == [
        ("registry1", "registry1"),
        ("a file", "registry1"),
    ]
    assert with_headers("no diff", "registry1") == "no diff"


def test_the_text_is_what_diff_mode_shows() -> None:
    text = "--- before: registry1\n+++ after: registry1\n@@ -1,2 +1 @@\n a\n-b\n"
    assert diff_text(with_headers(PART, "registry1")) == text
    assert diff_text([PART, PART]).count("--- before\n") == 2
    assert diff_text({"before": "", "after": ""}) == diff_text({}) == ""
