# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distributions call the Python libraries that a host needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.drydock.registry.plugins.module_utils._basics import packages
from ansible_collections.drydock.registry.plugins.module_utils._basics.packages import package_of, system_words

LIBRARIES = ("requests", "boto3", "redis", "PyYAML")


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        ("ID=debian\n", "python3-requests python3-boto3 python3-redis python3-yaml"),
        ('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', "python3-requests python3-boto3 python3-redis python3-yaml"),
        ('ID="rhel"\nID_LIKE="fedora"\n', "python3-requests python3-boto3 python3-redis python3-pyyaml"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "python3-requests python3-boto3 python3-redis python3-pyyaml"),
        ('ID="sles"\nID_LIKE="suse"\n', "python3-requests python3-boto3 python3-redis python3-PyYAML"),
        ("ID=alpine\n", "py3-requests py3-boto3 py3-redis py3-yaml"),
    ],
)
def test_the_package_of_a_distribution(
    os_release: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "os-release"
    path.write_text(os_release)
    monkeypatch.setattr(packages, "_OS_RELEASE", str(path))
    assert [package_of(library, system_words()) for library in LIBRARIES] == expected.split()


def test_what_is_not_known_is_not_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_OS_RELEASE", str(tmp_path / "nothing"))
    assert package_of("requests", system_words()) is None
    assert package_of("requests", {"nixos"}) is None
