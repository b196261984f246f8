# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo. Everything lives in one temporary directory, which goes at the end, as do the registries."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Mapping, Sequence

import yaml

from demo.samples import KEPT, KEPT_BY_URL, fill, fill_by_url
from support import service
from support.playbook import PlaybookRun, run_playbook
from support.pushing import Repository
from support.registries import V2, V3, RegistryProcess, find_registry
from support.store import Store
from support.verify import Expectation, assert_pulls, capture, catalogue

POLICY = Path(__file__).with_name("policy.yml")
ONE_TAG = Path(__file__).with_name("tag.yml")
ENVIRONMENT = {"ANSIBLE_PIPELINING": "true"}  # spares each task two processes
DIGEST = re.compile(r"(sha256[:-][0-9a-f]{12})[0-9a-f]{52}")  # shortened on the screen, whole in the report


class Demo:
    """One registry, and the playbooks run against it; `variables` are the host's, without the role's prefix."""

    def __init__(self, home: Path, registry: RegistryProcess, **variables: Any) -> None:
        self.registry = registry
        self.store = Store(registry.storage)
        self.review = home / "review"
        self.inventory = home / "inventory.yml"
        host = {
            "ansible_connection": "local",
            **{f"registry_cleanup_{name}": value for name, value in variables.items()},
        }
        home.mkdir(exist_ok=True)
        self.inventory.write_text(yaml.safe_dump({"registries": {"hosts": {"registry1": host}}}, sort_keys=False))

    def play(self, name: str, **variables: Any) -> PlaybookRun:
        """Run one of the collection's playbooks and show it as it would be typed."""
        more = [f"-e {key}={value}" for key, value in variables.items()]
        say(" ".join([f"$ ansible-playbook drydock.registry.{name} -i inventory.yml -e @policy.yml", *more]))
        settings = yaml.safe_load(POLICY.read_text())
        return self._run(f"drydock.registry.{name}", {**settings, **variables})

    def play_file(self, path: Path) -> PlaybookRun:
        """Run a playbook of the demo and show what it does."""
        say(f"$ ansible-playbook {path.name} -i inventory.yml")
        for line in yaml.safe_dump(yaml.safe_load(path.read_text())[0]["tasks"], sort_keys=False).splitlines():
            say(f"  {line}")
        return self._run(path, {})

    def _run(self, playbook: str | Path, variables: Mapping[str, Any]) -> PlaybookRun:
        return run_playbook(playbook, inventory=self.inventory, extra_vars=variables, environment=ENVIRONMENT).check()

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


def delete_one_tag(demo: Demo) -> None:
    run = demo.play_file(ONE_TAG)
    deleted = run.of("drydock.registry.tag")[-1]["deleted"]
    say(f"deleted {deleted['tags']} tag, {deleted['manifests']} manifests")
    expect(deleted["tags"] == 1, "the tag was not deleted")


def pull(demo: Demo, keeps: Mapping[str, Sequence[str]], expectation: Expectation) -> None:
    left = {name: Repository(demo.registry, name).tags() for name in catalogue(demo.registry)}
    for name, kept in keeps.items():
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


def show_with_storage(home: Path, version: str) -> None:
    registry = RegistryProcess(version, home / "registry")
    registry.write_config()
    with service.as_service(registry) as restart_command:
        maintenance = {"restart_command": restart_command, "state_dir": str(home / "state")}
        demo = Demo(home, registry, registry_config=str(registry.config_path), maintenance=maintenance)
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
        pull(demo, KEPT, expectation)
        title("6. Before and after")
        show_sizes(before, demo.sizes())


def show_by_url(home: Path, version: str) -> None:
    keeps = KEPT_BY_URL[version]
    without_the_tag = {**keeps, "team/tools": ["3"]}
    with RegistryProcess(version, home / "registry", delete_enabled=True) as registry:
        demo = Demo(home, registry, registry_url=registry.url)
        title("7. Another registry, of which only the URL is known, with deletion enabled")
        fill_by_url(registry)
        expectation = capture(registry, without_the_tag)
        say(f"{registry.url}: {sum(len(Repository(registry, name).tags()) for name in keeps)} tags")
        title("8. Preview over the API")
        previewed = preview(demo)
        title("9. The clean-up over the API: nothing is closed")
        clean_up(demo, previewed)
        title("10. Once more: nothing left to do")
        clean_up_again(demo)
        title("11. One tag that has to go now")
        delete_one_tag(demo)
        title("12. Pull everything that was kept")
        pull(demo, without_the_tag, expectation)


def main() -> None:
    version = next((version for version in (V2, V3) if find_registry(version)), None)
    if version is None:
        sys.exit("demo: no registry here. `make registry-2` says what is missing.")
    with tempfile.TemporaryDirectory(prefix="drydock-demo-") as home:
        show_with_storage(Path(home) / "with-storage", version)
        show_by_url(Path(home) / "by-url", version)
    say()
    say("The registries are stopped and their directories are gone.")


if __name__ == "__main__":
    main()
