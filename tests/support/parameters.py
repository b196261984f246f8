# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a module, as Ansible has checked them."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


def given(spec: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The parameters as a module has them."""
    validated = ArgumentSpecValidator(spec).validate(options)
    assert not validated.error_messages
    parameters: dict[str, Any] = validated.validated_parameters
    return parameters
