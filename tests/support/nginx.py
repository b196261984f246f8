# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx in front of a registry, configured as examples/nginx/registry.conf shows it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import TracebackType

from ansible_collections.drydock.registry.plugins.module_utils._maintenance.methods.nginx import snippet
from support.registries import REPOSITORY_ROOT, MissingPartError, ServedProcess

_EXAMPLE = REPOSITORY_ROOT / "examples/nginx/registry.conf"
# What some sites have, and what would make nginx see a flag file an hour late.
_REMEMBERING = "open_file_cache max=100 inactive=1h;\nopen_file_cache_valid 1h;\nopen_file_cache_errors on;\n"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find_nginx() -> str | None:
    """The binary of Debian's nginx-light, which lies where only root's PATH looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class NginxProcess(ServedProcess):
    """`backend` is `ADDRESS:PORT`, or `unix:PATH`. Without `snippet_installed` the module has to do it."""

    def __init__(self, home: Path, backend: str, *, buffering: bool = True, snippet_installed: bool = True) -> None:
        super().__init__(home)
        self.backend = backend
        self.buffering = buffering
        self.flag_file = home / "run/closed"
        self.snippet_path = home / "drydock-registry.conf"
        self.pid_file = home / "nginx.pid"
        self.config_path = home / "nginx.conf"
        home.mkdir(parents=True)
        if snippet_installed:
            self.snippet_path.write_text(snippet(str(self.flag_file)))

    @property
    def command(self) -> list[str]:
        binary = find_nginx()
        if binary is None:
            message = "nginx is not installed: apt-get install nginx-light"
            raise MissingPartError(message)
        return [binary, "-p", str(self.home), "-c", str(self.config_path)]

    @property
    def reload_command(self) -> list[str]:
        return [*self.command, "-s", "reload"]

    def options(self) -> dict[str, object]:
        """What the module maintenance is given of this nginx."""
        return {
            "method": "proxy_flag",
            "registry_url": self.url,
            "flag_file": str(self.flag_file),
            "nginx_pid_file": str(self.pid_file),
            "nginx_reload_command": self.reload_command,
        }

    def start(self) -> None:
        self.config_path.write_text(self._config())
        self.serve([*self.command, "-g", "daemon off;"])

    def _config(self) -> str:
        temporary = "".join(f"{name}_temp_path {self.home}/{name};\n" for name in _TEMPORARY)
        return (
            f"user root;\nworker_processes 2;\npid {self.pid_file};\nerror_log {self.home}/error.log;\n"
            f"events {{}}\nhttp {{\naccess_log {self.home}/access.log;\n{_REMEMBERING}{temporary}{self._site()}}}\n"
        )

    def _site(self) -> str:
        """The example, on this address and without TLS."""
        site = re.sub(r" *(server_name|ssl_\w+) .*;\n", "", _EXAMPLE.read_text())
        site = site.replace("listen 443 ssl;", f"listen {self.host};")
        site = site.replace("server 127.0.0.1:5000 ", f"server {self.backend} ")
        site = re.sub(r"include .*;", f"include {self.home}/drydock-registry*.conf;", site)
        buffering = "on" if self.buffering else "off"
        return site.replace("proxy_read_timeout", f"proxy_request_buffering {buffering};\n        proxy_read_timeout")

    def __enter__(self) -> NginxProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
