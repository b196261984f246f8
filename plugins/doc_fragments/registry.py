# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say how to reach a registry over HTTP; the argument spec is `_argspec.registry_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  registry_url:
    description:
      - Address of the registry as seen from the target host, for example V(https://registry.example.com) or
        V(http://127.0.0.1:5000). A path before C(/v2/) may be part of it, a user name or password may not.
      - When it is not given but C(registry_config) is, it is derived from C(http.addr), C(http.tls) and C(http.prefix)
        of that file.
    type: str
  registry_username:
    description:
      - User name for Basic authentication, or for the token server when the registry asks for a Bearer token.
      - Mutually exclusive with O(docker_config).
    type: str
  registry_password:
    description: Password that belongs to O(registry_username).
    type: str
  docker_config:
    description:
      - Path on the target of a Docker C(config.json) from which the credentials for this registry are taken.
      - C(auths), C(credHelpers) and C(credsStore) are understood; a helper must be on the C(PATH) of the target.
    type: path
  validate_certs:
    description: Whether the certificate of an V(https) registry, and of its token server, is verified.
    type: bool
    default: true
  ca_path:
    description:
      - Path on the target of a file or directory of CA certificates to verify the registry with, instead of the
        certificates that the system trusts.
    type: path
  client_cert:
    description: Path on the target of a client certificate (PEM), with its key or together with O(client_key).
    type: path
  client_key:
    description: Path on the target of the key (PEM, without passphrase) of O(client_cert).
    type: path
  api_version:
    description:
      - Which API the registry speaks, and how its storage is laid out. V(v2) is Distribution and whatever else speaks
        the OCI distribution API, V(v1) is the old registry (docker-registry 0.9).
      - With V(auto) it is seen from C(registry_config) or from the storage where they are given, and else asked of the
        registry. One that is stopped can't be asked and is taken for V(v2).
      - The token of a V(v1) registry is asked for at the registry's own address. Its repositories are listed by its
        search; where that is off, name them without patterns.
    type: str
    choices: [auto, v1, v2]
    default: auto
  api_timeout:
    description: How long to wait for the registry to connect or to send data, for example V(30s) or V(2m).
    type: str
    default: 30s
  api_concurrency:
    description: How many requests the registry gets at once, each over a connection of its own, from V(1) to V(64).
    type: int
    default: 8
requirements:
  - requests (Python library on the target; only where the registry is spoken to over HTTP)
"""
