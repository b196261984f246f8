# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd, init and cron are told to do at the next boot."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.lease.boot import (
    crontab_text,
    script_text,
    unit_text,
)

AWKWARD = '/state "of" 100% $HOME\'s'


def test_the_unit_quotes_what_systemd_would_expand() -> None:
    (line,) = [line for line in unit_text(["/bin/true", AWKWARD]).splitlines() if line.startswith("ExecStart=")]
    assert line == 'ExecStart="/bin/true" "/state \\"of\\" 100%% $$HOME\'s"'


def test_the_init_script_runs_the_command_on_start_alone(tmp_path: Path) -> None:
    script, witness = tmp_path / "hook", tmp_path / AWKWARD.replace("/", "")
    script.write_text(script_text("hook", ["touch", str(witness)]) + "wait\n")
    subprocess.run(["sh", str(script), "stop"], check=True)
    assert not witness.exists()
    subprocess.run(["sh", str(script), "start"], check=True)
    assert witness.exists()


def test_the_crontab_escapes_what_cron_would_cut() -> None:
    lines = crontab_text(["/bin/true", AWKWARD]).splitlines()
    assert lines[-1].startswith("@reboot root /bin/true ")
    assert "100\\%" in lines[-1]
