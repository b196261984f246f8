# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo. Everything lives in one temporary directory, which goes at the end, as does the registry."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from demo.samples import KEPT, fill
from support import service
from support.playbook import PlaybookRun, run_playbook
from support.pushing import Repository
from support.registries import V2, V3, RegistryProcess, find_registry
from support.store import Store
from support.verify import assert_pulls, capture, catalogue

POLICY = Path(__file__).with_name("policy.yml")
DIGEST = re.compile(r"(sha256[:-][0-9a-f]{12})[0-9a-f]{52}")  # shortened on the screen, whole in the report


class Demo:
    """One registry, and the playbooks run against it."""

    def __init__(self, home: Path, registry: RegistryProcess, restart_command: list[str]) -> None:
        self.registry = registry
        self.store = Store(registry.storage)
        self.review = home / "review"
        self.inventory = home / "inventory.yml"
        self.inventory.write_text(yaml.safe_dump(self._inventory(home, restart_command), sort_keys=False))

    def _inventory(self, home: Path, restart_command: list[str]) -> dict[str, Any]:
        variables = {
            "ansible_connection": "local",
            "registry_cleanup_registry_config": str(self.registry.config_path),
            "registry_cleanup_maintenance": {"restart_command": restart_command, "state_dir": str(home / "state")},
        }
        return {"registries": {"hosts": {"registry1": variables}}}

    def play(self, name: str, *arguments: str, **variables: Any) -> PlaybookRun:
        """Run one of the collection's playbooks and show it as it would be typed."""
        more = [f"-e {key}={value}" for key, value in variables.items()]
        say(
            "$ "
            + " ".join([f"ansible-playbook drydock.registry.{name} -i inventory.yml -e @policy.yml", *arguments, *more])
        )
        settings = yaml.safe_load(POLICY.read_text())
        run = run_playbook(
            f"drydock.registry.{name}",
            *arguments,
            inventory=self.inventory,
            extra_vars={**settings, **variables},
        )
        return run.check()

    def sizes(self) -> tuple[int, int, int]:
        """(tags, blobs, bytes) in the storage now; signatures' tags are not counted."""
        tags = [
            tag for name in self.store.repositories() for tag in self.store.tags(name) if not tag.startswith("sha256-")
        ]
        return (
            len(tags),
            len(self.store.blobs()),
            sum(f.stat().st_size for f in self.store.root.rglob("*") if f.is_file()),
        )


def say(text: str = "") -> None:
    print(f"  {text}" if text else "", flush=True)


def title(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def result_of(run: PlaybookRun) -> dict[str, Any]:
    """The fact that the role leaves."""
    facts: dict[str, Any] = run.of("Keep the result")[-1]["ansible_facts"]["registry_cleanup_result"]
    return facts


def show_result(run: PlaybookRun) -> None:
    for line in run.of("Result")[-1]["msg"]:
        say(line)
    counts = run.stats["registry1"]
    say(f"registry1: ok={counts['ok']} changed={counts['changed']} failed={counts['failures']}")


def preview(demo: Demo) -> dict[str, Any]:
    run = demo.play("preview", registry_cleanup_report_dir=str(demo.review))
    say()
    for line in (demo.review / "registry1.diff").read_text().splitlines():
        say(DIGEST.sub(r"\1…", line))
    say()
    show_result(run)
    return result_of(run)


def clean_up(demo: Demo, previewed: dict[str, Any]) -> None:
    run = demo.play("cleanup")
    show_result(run)
    done = result_of(run)
    for key in ("plan_id", "deleted"):
        expect(done[key] == previewed[key], f"the preview said {key} {previewed[key]}, the run {done[key]}")
    say("The same plan and the same counts as in the preview.")


def clean_up_again(demo: Demo) -> None:
    run = demo.play("cleanup")
    show_result(run)
    expect(run.stats["registry1"]["changed"] == 0, "the second run changed something")


def pull(demo: Demo, expectation: Any) -> None:
    left = {name: Repository(demo.registry, name).tags() for name in catalogue(demo.registry)}
    for name, kept in KEPT.items():
        tags = [tag for tag in left.get(name, []) if not tag.startswith("sha256-")]
        expect(sorted(tags) == sorted(kept), f"{name} has the tags {tags}, expected {kept}")
        say(f"{name}: {', '.join(kept)}")
    assert_pulls(demo.registry, expectation)
    manifests = sum(len(one.manifests) for one in expectation.values())
    blobs = sum(len(one.blobs) for one in expectation.values())
    say(f"{manifests} manifests and {blobs} configs and layers pulled, every byte held against its digest.")


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"demo: {otherwise}")


def show_sizes(before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
    for name, was, now in zip(("tags", "blobs"), before, after):
        say(f"{name:8}{was:10} -> {now}")
    say(f"{'on disk':8}{before[2] / 1e6:7.1f} MB -> {after[2] / 1e6:.1f} MB")


def run_demo(home: Path, version: str) -> None:
    registry = RegistryProcess(version, home / "registry")
    registry.write_config()
    with service.as_service(registry) as restart_command:
        demo = Demo(home, registry, restart_command)
        title(f"1. A real registry (Distribution {version}), filled with images that share layers and tags")
        fill(registry)
        expectation = capture(registry, KEPT)
        before = demo.sizes()
        say(f"{registry.url}: {before[0]} tags, {before[1]} blobs, {before[2] / 1e6:.1f} MB, one abandoned upload")
        title("2. Preview: what a clean-up would do, for a change review")
        previewed = preview(demo)
        title("3. The clean-up: plan, close, delete, reopen")
        clean_up(demo, previewed)
        title("4. Once more: nothing left to do, so the registry is not even closed")
        clean_up_again(demo)
        title("5. Pull everything that was kept")
        pull(demo, expectation)
        title("6. Before and after")
        show_sizes(before, demo.sizes())
    say()
    say("The registry is stopped and its directory is gone.")


def main() -> None:
    version = next((version for version in (V2, V3) if find_registry(version)), None)
    if version is None:
        sys.exit("demo: no registry here. `make registry-2` says what is missing.")
    with tempfile.TemporaryDirectory(prefix="drydock-demo-") as home:
        run_demo(Path(home), version)


if __name__ == "__main__":
    main()
