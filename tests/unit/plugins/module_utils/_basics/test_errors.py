# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read of an error."""

from __future__ import annotations

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import (
    HeldError,
    InvalidOptionError,
    MissingLibraryError,
)


def test_a_bad_option_is_told_with_its_value_and_what_was_expected() -> None:
    error = InvalidOptionError("grace_period", "soon", "a duration such as 30d")
    assert str(error) == "grace_period: 'soon' cannot be used, expected a duration such as 30d"


def test_what_a_caller_needs_to_go_on_is_no_text() -> None:
    assert MissingLibraryError("PyYAML", "No module named yaml").library == "PyYAML"
    assert HeldError("held", "run-1").run_id == "run-1"
