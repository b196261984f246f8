# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other clients that clean a repository over the API, each in the way it is used for that.

All do the same: of `$repository` (HOST:PORT/NAME) they keep the `$keep` tags whose images have the newest dates, by
the images' configurations, and delete the other tags. Dates of indexes are those of their linux/amd64.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Cost, run

# What make compiled, also where it was not make that started this.
PATH = f"{Path(__file__).resolve().parents[1] / '.cache/bin'}:{os.environ['PATH']}"


@dataclass(frozen=True)
class Client:
    """`script` is bash, with `$registry`, `$repository` and `$keep`; it needs `programs`, first the client itself."""

    programs: tuple[str, ...]
    how: str
    script: str
    version: str = "version"  # the argument that asks for it

    @property
    def name(self) -> str:
        """As `crane 0.22.1, in a loop`."""
        command = [str(self._find(self.programs[0])), self.version]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = re.search(r"\d+\.\d+\.\d+", said)
        return f"{self.programs[0]} {found[0] if found else ''}, {self.how}"

    @property
    def missing(self) -> list[str]:
        return [program for program in self.programs if self._find(program) is None]

    def clean(self, registry: str, repository: str, keep: int) -> Cost:
        """Whether it succeeded is seen by what it left, and not asked of it."""
        names = {"registry": registry, "repository": f"{registry}/{repository}", "keep": str(keep)}
        return run(["bash", "-c", self.script], {**os.environ, "PATH": PATH, **names}, check=False)

    @staticmethod
    def _find(program: str) -> str | None:
        return shutil.which(program, path=PATH)


def _in_a_loop(listing: str, created: str, deletion: str) -> str:
    """A command line for each tag, eight at once (drydock's default), `$1` being the tag: how clients are scripted."""
    return f"""
        set -o pipefail
        each() {{ xargs --max-procs 8 --max-args 1 sh -c "$1" each; }}
        {listing} |
          each 'created=$({created}) && printf "%s\\t%s\\n" "$created" "$1"' |
          sort --reverse | tail --lines "+$((keep + 1))" | cut --fields 2 |
          each '{deletion}'
    """


REGBOT = """
regbot once --config - <<END
version: 1
creds: [{registry: "$registry", tls: disabled}]
scripts:
  - name: keep the newest
    script: |
      local one, created = reference.new("$repository"), {}
      local tags = tag.ls(one)
      for _, name in ipairs(tags) do
        one:tag(name)
        created[name] = image.config(one).Created
      end
      table.sort(tags, function(left, right) return created[left] > created[right] end)
      for number = $keep + 1, #tags do
        one:tag(tags[number])
        tag.delete(one)
      end
END
"""
REGCTL = 'regctl --host "reg=$registry,tls=disabled"'
CRANE_DELETES_DIGEST = 'digest=$(crane digest "$repository:$1") && crane delete "$repository@$digest"'
SKOPEO_INSPECTS = "skopeo --override-os linux --override-arch amd64 inspect --tls-verify=false --config"
LOOP = "in a loop"


def others(deletes_tags: bool) -> Iterator[Client]:
    """Those for a registry that deletes tags, or one that only deletes digests (where regclient knows what to do)."""
    yield Client(("regbot",), "a script of its own", REGBOT)
    yield Client(
        ("regctl",),
        LOOP,
        _in_a_loop(
            REGCTL + ' tag ls "$repository"',
            REGCTL + ' image config --platform linux/amd64 --format "{{.Created}}" "$repository:$1"',
            REGCTL + ' tag delete "$repository:$1"',
        ),
    )
    yield Client(
        ("crane", "jq"),
        LOOP,
        _in_a_loop(
            'crane ls "$repository"',
            'crane config --platform linux/amd64 "$repository:$1" | jq --raw-output .created',
            'crane delete "$repository:$1"' if deletes_tags else CRANE_DELETES_DIGEST,
        ),
    )
    yield Client(
        ("skopeo", "jq"),
        LOOP,
        _in_a_loop(
            'skopeo list-tags --tls-verify=false "docker://$repository" | jq --raw-output ".Tags[]"',
            SKOPEO_INSPECTS + ' --format "{{.Created}}" "docker://$repository:$1"',
            'skopeo delete --tls-verify=false "docker://$repository:$1"',
        ),
        version="--version",
    )
