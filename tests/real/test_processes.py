# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes run: also one that looks as if it had ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.drydock.registry.plugins.module_utils._registry.processes import is_running, process_of
from support.registries import wait_for

# Its first thread ends, as that of a Go program may first; another one goes on until its standard input ends.
FIRST_THREAD_ENDS = """
import ctypes, os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_runs_as_long_as_one_of_its_threads() -> None:
    with subprocess.Popen([sys.executable, "-c", FIRST_THREAD_ENDS], stdin=subprocess.PIPE) as program:
        status = Path(f"/proc/{program.pid}/stat")
        wait_for(lambda: ") Z " in status.read_text(), "the end of its first thread")
        process = process_of(program.pid)
        assert process is not None
        assert is_running(process)
        assert program.stdin is not None
        program.stdin.close()
        wait_for(lambda: not is_running(process), "the end of the process")
