# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive for Galaxy holds what users need, and its playbooks run from where it was installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from support import service
from support.fleet import Host, checked
from support.playbook import ROOT, run_environment, run_playbook
from support.registries import V3, NewRegistry
from support.sweeping import push_aged

SHIPPED = {
    *(
        "CHANGELOG.rst",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "COPYING",
        "LICENSES",
        "README.md",
        "SECURITY.md",
        "bindep.txt",
    ),
    *("changelogs", "docs", "examples", "meta", "playbooks", "plugins", "requirements.txt", "roles"),
    *("FILES.json", "MANIFEST.json"),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("archive")
    galaxy("build", "--output-path", str(where), str(ROOT))
    (path,) = where.iterdir()
    return path


def galaxy(*arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", *arguments]
    environment = run_environment(PYTHONPATH="", ANSIBLE_COLLECTIONS_PATH="")
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_it_holds_what_users_need_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    assert {name.partition("/")[0] for name in names} == SHIPPED
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_its_playbooks_run_from_where_it_was_installed(
    archive: Path, new_registry: NewRegistry, tmp_path: Path
) -> None:
    galaxy("install", str(archive), "-p", str(tmp_path / "collections"))
    registry = new_registry(V3, "registry")
    push_aged(registry, "team/app", {"1": 20.0, "2": 10.0})
    registry.stop()
    with service.as_service(registry) as started:
        host = Host(registry, started, tmp_path)
        variables = {**host.variables(), "ansible_connection": "local"}
        preview, run, restore = (
            run_playbook(
                f"drydock.registry.{playbook}",
                inventory={"registries": {"hosts": {host.name: variables}}},
                extra_vars={"registry_cleanup_policies": [{"name": "newest", "keep_n": 1}]},
                environment={"PYTHONPATH": "", "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections")},
            ).check()
            for playbook in ("preview", "cleanup", "restore")
        )
        assert checked(preview)["deleted"] == checked(run)["deleted"]
        assert checked(run)["deleted"]["tags"] == 1
        assert restore.stats[host.name]["changed"] == 0
        assert host.is_writable()
