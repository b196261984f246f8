#!/usr/bin/python
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_info
short_description: Tell what a container registry holds and what it weighs
version_added: 1.0.0
author:
  - drydock maintainers (@drydock)
description:
  - Lists the repositories, tags and referrers of a registry with digests, media types, platforms, dates and sizes, and
    the tags that dangle.
  - With O(registry_config) or O(storage) it reads the registry's storage, and also tells what no tag reaches and what
    that weighs. With O(registry_url) alone it asks the registry over its API. The form of the result is the same; what
    the API can't tell is V(none).
  - "The tables are flat, one row for each thing, so that C(selectattr), C(map) and C(sort) are enough to ask them.
    Every row about an image has the same keys, whether it stands in RV(tags), RV(dangling_tags), RV(referrers) or
    RV(orphans.images)."
  - A tag reaches its image with every part of an index, and everything that is attached to these. Where sizes are
    C(own_bytes) and C(shared_bytes), each blob and each manifest counts once, and the two add up to C(bytes).
  - Nothing is changed, and the registry may stay open.
extends_documentation_fragment:
  - drydock.registry.attributes
  - drydock.registry.attributes.info
  - drydock.registry.attributes.actiongroup_registry
  - drydock.registry.registry
  - drydock.registry.storage
options:
  repositories:
    description:
      - The repositories to look at, as patterns for the whole name. A list of strings; what YAML makes no string of,
        such as V(3.10) without quotes, is refused.
      - A pattern is a glob in which C(*) stops at C(/) and C(**) does not, or, behind a leading C(~), a regular
        expression. A glob that no name can match is refused, and the message says what was probably meant. A plain
        name stands for itself alone, V(team/**) for all below it.
      - A pattern that matches no repository draws a warning that says what is near it.
      - Over the API, plain names alone spare the registry the question for its whole catalogue, which some accounts may
        not ask.
    type: raw
    default: ["**"]
  exclude_repositories:
    description: A list of patterns of repositories to leave out, of those in O(repositories).
    type: raw
    default: []
  level:
    description:
      - How deep to look. What lies deeper is V(none) in the result.
      - V(repositories) gives the names of repositories. Over the API that takes only the pages of the catalogue.
      - V(tags) also gives the names of tags. That takes one listing for each repository.
      - V(images) gives everything. That takes one request for each tag, for each part of an index, and for each
        different image configuration. Where the registry has the referrers API, it takes one more for each manifest.
    type: str
    choices: [repositories, tags, images]
    default: images
  dest:
    description:
      - Path on the target to write the result to as JSON, with every row. The lists in the result end after 1000.
      - The file is written in check mode too, and only its owner can read it.
    type: path
notes:
  - What is shared, and what is attached, is found out over the whole storage, whatever O(repositories) says. Over the
    API only the repositories that are looked at count.
seealso:
  - module: drydock.registry.cleanup
"""

EXAMPLES = r"""
- name: Look at a registry over its API
  drydock.registry.registry_info:
    registry_url: https://registry.example.com
    registry_username: reader
    registry_password: "{{ registry_password }}"
  register: info

- name: Show the ten repositories whose removal would free most
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.own_bytes | human_readable }}, and {{ item.shared_bytes | human_readable }} shared"
  loop: "{{ (info.repositories | sort(attribute='own_bytes', reverse=true))[:10] }}"
  loop_control:
    label: "{{ item.name }}"

- name: Stop where an image is missing for arm64
  ansible.builtin.assert:
    that: missing | length == 0
    fail_msg: "Not for linux/arm64: {{ missing | join(', ') }}"
  vars:
    missing: >-
      {{ info.tags | selectattr('tag', 'eq', 'latest') | rejectattr('platforms', 'contains', 'linux/arm64')
      | map(attribute='repository') }}

- name: Show the images that nobody signed
  ansible.builtin.debug:
    msg: "{{ images | selectattr('referrers', 'eq', 0) | map(attribute='digest') | unique }}"
  vars:
    images: "{{ info.tags | selectattr('subject', 'none') }}"

- name: Look at one repository
  drydock.registry.registry_info:
    registry_url: https://registry.example.com
    repositories: [team/app]
  register: app

- name: Pin a deployment to the very image behind a tag
  ansible.builtin.set_fact:
    app_image: "registry.example.com/team/app@{{ wanted.digest }}"
  vars:
    wanted: "{{ app.tags | selectattr('tag', 'eq', '1.2') | first }}"

- name: Look at the storage of a registry on this host, and keep the whole list
  drydock.registry.registry_info:
    registry_config: /etc/docker/registry/config.yml
    dest: /var/tmp/registry.json
  register: info

- name: Warn when a clean-up is worth its while
  ansible.builtin.debug:
    msg: "{{ info.orphans.bytes | human_readable }} could be freed, {{ info.bytes | human_readable }} are in use"
  when: info.orphans.bytes > info.bytes

- name: List the names of all repositories quickly
  drydock.registry.registry_info:
    registry_url: https://registry.example.com
    level: repositories
"""

RETURN = r"""
source:
  description: Where this was read, V(api) or V(storage).
  returned: success
  type: str
  sample: storage
repositories:
  description:
    - The repositories, at most 1000, in the order of their names.
    - All keys but RV(repositories[].name) are V(none) where O(level) does not reach as deep.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the repository.
      type: str
    tags:
      description: Number of tags, those of signatures and of other referrers included.
      type: int
    dangling_tags:
      description: Number of tags that are listed and that nobody can pull.
      type: int
    images:
      description: Number of different images that have a tag.
      type: int
    bytes:
      description: Size of everything that tags reach in this repository, each blob once.
      type: int
    own_bytes:
      description: The part of it that tags reach in no other repository.
      type: int
    shared_bytes:
      description: The part of it that tags reach in other repositories too.
      type: int
    orphan_manifests:
      description: Number of manifests that no tag reaches. V(none) over the API.
      type: int
    orphan_bytes:
      description:
        - Size of its orphaned blobs and its uploads. A blob of several repositories counts for the first of them.
        - V(none) over the API.
      type: int
    image_graph:
      description:
        - The images of a repository of the old v1 registry as text, one in each line, below what it is based on and
          with the reason why it stays, a tag or a kept image that is based on it.
        - V(none) for every other registry.
      type: str
repositories_total:
  description: The full number of RV(repositories).
  returned: success
  type: int
tags:
  description:
    - The tags, at most 1000, by repository and in natural order, each with the image that it names.
    - With O(level=tags) only RV(tags[].repository), RV(tags[].tag) and RV(tags[].subject) are known, and from storage
      RV(tags[].digest) and RV(tags[].pushed).
  returned: success
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    tag:
      description: The tag. V(none) for an image without one.
      type: str
    digest:
      description: Digest of the manifest. V(none) for a dangling tag of which it is not known.
      type: str
    pushed:
      description:
        - When the tag was pushed, or an image without a tag, ISO 8601 in UTC. V(none) over the API, which does not tell
          it.
      type: str
    created:
      description:
        - The date in the image's configuration, ISO 8601 in UTC; of an index that of its youngest part.
        - V(none) where it is missing or is that of a reproducible build, 1970-01-01.
      type: str
    media_type:
      description: Media type of the manifest.
      type: str
    artifact_type:
      description: What the manifest says it is if it is no image, for example V(application/vnd.cyclonedx+json).
      type: str
    platforms:
      description:
        - What the image is made for, as its configuration says, for example V(linux/amd64) or V(linux/arm/v7); of an
          index all platforms that are there.
      type: list
      elements: str
    bytes:
      description: Size of the image with its manifests and configuration, and all parts of an index, each blob once.
      type: int
    own_bytes:
      description: The part of it that no other image that has a tag, or is attached to one, holds too.
      type: int
    shared_bytes:
      description: The part of it that such an image holds too, in this repository or in another.
      type: int
    subject:
      description:
        - Digest of the image to which this one is attached, by its C(subject) or by a tag such as
          V(sha256-<hex>.sig). V(none) for an ordinary image.
      type: str
    referrers:
      description: Number of manifests that are attached to this one, such as signatures and SBOMs, see RV(referrers).
      type: int
tags_total:
  description: The full number of RV(tags), V(none) where they were not looked at.
  returned: success
  type: int
dangling_tags:
  description:
    - Tags that a registry lists and answers with 404, at most 1000. In storage, their own link, that of their manifest
      or the manifest itself is missing.
    - "The rows have the keys of RV(tags). What is known is repository, tag, and from storage mostly digest and push
      time."
  returned: success
  type: list
  elements: dict
dangling_tags_total:
  description: The full number of RV(dangling_tags), V(none) where they were not looked at.
  returned: success
  type: int
referrers:
  description:
    - Manifests that are attached to another one, their C(subject), at most 1000, in the order of subjects. The rows
      have the keys of RV(tags).
    - A tag is shown where that is what attaches it. An index that only lists referrers, behind a tag V(sha256-<hex>),
      is none itself.
    - Over the API, what is attached by C(subject) alone is only seen where the registry has the referrers API.
      Distribution has none.
  returned: success
  type: list
  elements: dict
referrers_total:
  description: The full number of RV(referrers), V(none) where they were not looked at.
  returned: success
  type: int
bytes:
  description:
    - Size of everything that tags reach in the repositories looked at, each blob once.
    - V(none) where O(level) does not reach as deep.
  returned: success
  type: int
orphans:
  description:
    - "What no tag reaches: what M(drydock.registry.cleanup) would remove from these repositories without any policy,
      with C(delete_untagged) and whatever its age. Blobs that no repository links are among it."
    - V(none) over the API, which does not show it, and where O(level) does not reach as deep.
  returned: success
  type: dict
  contains:
    images:
      description: Its images, at most 1000. The rows have the keys of RV(tags).
      type: list
      elements: dict
    images_total:
      description: The full number of RV(orphans.images).
      type: int
    manifests:
      description: Number of manifests, counted in each repository, those of a part of an index included.
      type: int
    layer_links:
      description: Number of layer links that no image of their repository needs.
      type: int
    blobs:
      description: Number of blobs.
      type: int
    uploads:
      description: Number of uploads that were begun and not ended.
      type: int
    debris:
      description: Number of things that no registry needs, such as empty link directories.
      type: int
    bytes:
      description: Space that the blobs, uploads and debris take, in bytes.
      type: int
notes:
  description: Harmless oddities that were found, at most 1000.
  returned: success
  type: list
  elements: str
notes_total:
  description: The full number of RV(notes).
  returned: success
  type: int
"""

import gc
from typing import Any, Mapping

from ansible_collections.drydock.registry.plugins.module_utils._basics import (  # pylint: disable=unused-import
    zip_imports,  # noqa: F401 (first)
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks.argspec import (
    registry_argument_spec,
    registry_mutually_exclusive,
    registry_required_by,
    registry_required_together,
    storage_argument_spec,
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks.edge import Output, RunMode, run_task
from ansible_collections.drydock.registry.plugins.module_utils._tasks.info_options import read_info_options
from ansible_collections.drydock.registry.plugins.module_utils._tasks.module import RegistryModule
from ansible_collections.drydock.registry.plugins.module_utils._tasks.registry_info import RegistryInfo


def argument_spec() -> dict[str, Any]:
    # Lists of texts: `_basics/texts.py` says why they are raw.
    names = {"type": "raw"}
    return {
        **registry_argument_spec(),
        **storage_argument_spec(),
        "repositories": {**names, "default": ["**"]},
        "exclude_repositories": {**names, "default": []},
        "level": {"type": "str", "choices": ["repositories", "tags", "images"], "default": "images"},
        "dest": {"type": "path"},
    }


def look(params: Mapping[str, Any], _mode: RunMode, output: Output) -> None:
    RegistryInfo(read_info_options(params), output).run()


def main() -> None:
    module = RegistryModule(
        argument_spec=argument_spec(),
        mutually_exclusive=registry_mutually_exclusive(),
        required_one_of=[("registry_url", "registry_config", "storage")],
        required_together=registry_required_together(),
        required_by=registry_required_by(),
        supports_check_mode=True,
    )
    # The graph is large, lives to the end and has no cycles: looking for some costs a third of the time.
    gc.disable()
    run_task(module, look, {"changed": False})


if __name__ == "__main__":
    main()
