#!/usr/bin/python
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cleanup
short_description: Delete image tags by policy, and every image that nothing refers to any more
version_added: 1.0.0
author:
  - drydock maintainers (@drydock)
description:
  - Makes a plan and carries it out, either in the registry's storage or over its API. With O(registry_config) or
    O(storage) it works in the storage, with O(registry_url) alone over the API.
  - In the storage the plan holds the tags that the policies delete, the manifests that no tag reaches without them, the
    layer links and blobs that no manifest names without those, abandoned uploads and empty repositories.
  - Check mode makes the very same plan and touches nothing. With C(--diff), both show per repository the tags before
    and after with their reasons. Of a plan that goes beyond a limit that is returned in any case.
  - What is kept stays pullable, by tag and by digest, with every platform, every referrer (signatures, SBOMs) and
    every layer.
  - Storage is only changed while the registry is shown to be read-only or stopped. Before anything is changed,
    everything is marked again, and the plan can only shrink. The registry is asked again and again meanwhile, and if
    it is not closed any more, the module stops at once and fails. What was removed until then harms no image that is
    kept, and the next run does the rest.
  - In the storage everything is first set aside in C(docker/registry/drydock) beside the registry's own tree, in an
    order in which a crash at any moment leaves no broken image. The next run finishes an interrupted plan.
  - On S3 nothing can be set aside. Objects are deleted in the same order, a thousand in a request, and never before all
    those are gone that point to them.
  - Over the API, any registry that speaks the OCI distribution API can be cleaned up while it is open. Where it deletes
    tags (as Distribution 3 does), these go, and their manifests and blobs are left to its own garbage
    collector. Where it only deletes digests (Distribution 2.8), a tag goes together with its manifest, and only if
    nothing that stays needs that manifest. Which it is, is found out by deleting what does not exist.
  - Over the API a tag is looked up right before it is deleted, and left alone if it has moved. Push times are not known
    there, image dates are used instead.
extends_documentation_fragment:
  - drydock.registry.attributes
  - drydock.registry.attributes.full
  - drydock.registry.attributes.actiongroup_registry
  - drydock.registry.attributes.action_plugin
  - drydock.registry.registry
  - drydock.registry.endpoints
  - drydock.registry.storage
  - drydock.registry.selection
  - drydock.registry.policies
  - drydock.registry.removal
  - drydock.registry.limits
requirements:
  - redis (Python library on the target; only where the registry's configuration names Redis as its cache)
attributes:
  idempotent:
    support: full
options:
  overwrite_shared_tags:
    description:
      - Over the API of a registry that only deletes digests (Distribution 2.8), a tag can't be deleted while its
        manifest is needed, because another tag of it or an index stays. Such a tag is kept, and the reason says so.
      - With V(true) it is pushed onto a throw-away image first, which then is deleted. The account needs the right to
        push for that.
    type: bool
    default: false
  plan:
    description:
      - Path on the target of a plan file to apply instead of making a plan. It is marked again first and can only
        shrink.
      - Mutually exclusive with O(policies), O(plan_dest) and O(delete_untagged). O(protect_images) still protects, and
        what O(repositories) and O(exclude_repositories) leave out is left alone.
    type: path
  plan_dest:
    description:
      - Path on the target to write the whole plan to, in check mode too.
      - On S3 check mode with O(plan_dest) also writes a file beside it, with C(.manifests) behind its name.
        Whoever applies the plan then does not read those manifests again while the registry is closed. It can be
        deleted.
    type: path
  require_read_only:
    description:
      - Refuse to change storage unless the registry at O(registry_url) is shown to be read-only or stopped and to
        serve this storage.
      - Set to V(false) only where nobody can push for another reason.
      - Without effect over the API, where the registry has to be open.
    type: bool
    default: true
  quarantine:
    description:
      - What becomes of what is set aside. V(delete) deletes it at the end of the run, V(keep) leaves it for a later
        run.
      - Setting aside takes a little room. On a disk without any, V(delete) deletes at once what can't be set aside, and
        V(keep) is refused.
      - V(purge) makes no plan and only deletes what earlier runs set aside. It may run while the registry is open.
      - On S3 and over the API nothing is set aside, so there it can't be changed. Let the bucket keep versions to be
        able to undo.
    type: str
    choices: [delete, keep, purge]
    default: delete
  progress_interval:
    description:
      - How often a line is shown that tells what the module is doing and how far it is, the first one after this time.
        Of long work they come more seldom, in the end once a minute. V(0s) shows none.
      - Not shown with C(async), because nobody waits then. Where the output of C(ansible-playbook) goes to a file or a
        pipe, Python holds it back; with E(PYTHONUNBUFFERED) set to V(1) a line is there as soon as it is shown.
    type: str
    default: 10s
notes:
  - A registry keeps in memory, or in Redis, which blobs it has, and a push may leave out a layer that went. If its
    configuration names Redis, the module deletes those keys there, before it removes anything and after it, for which
    it needs the Python library C(redis) on the target. Without O(registry_config) it knows of no Redis, and warns. If
    the registry keeps them in memory, restart it after a clean-up of its storage and before it takes writes again.
    M(drydock.registry.maintenance) and the role P(drydock.registry.registry_cleanup#role) do that when they
    reopen it.
  - One run at a time changes a storage. While another one holds it, the module touches nothing, and says which run that
    is, since when and until when. What tells so lies in C(docker/registry/drydock.lock) beside the registry's own
    tree, for every host that shares the storage, also in a bucket. It needs no lock for check mode and for
    O(quarantine=purge).
  - A clean-up in the maintenance of M(drydock.registry.maintenance) ends half a minute before the lease of that does,
    or a tenth of the lease before it if that is less. What is left then is done by the next run.
  - A clean-up that is sent SIGTERM or SIGHUP stops in the same safe way.
  - Over the API, repositories that are not selected are not read. So a signature that lies in another repository than
    its image only goes if O(repositories) and O(exclude_repositories) leave nothing out.
  - Distribution 3.1.0 and 3.1.1 with S3 leave some tags out of their listings (distribution issue 4891). Over the API
    of such a registry an image can still have a tag that was not listed when its signatures go. Work in the storage
    there.
seealso:
  - module: drydock.registry.maintenance
  - module: drydock.registry.tag
  - module: drydock.registry.repository
  - module: drydock.registry.registry_info
"""

EXAMPLES = r"""
- name: Show what keeping the newest ten images of every team repository would delete
  drydock.registry.cleanup:
    registry_config: /etc/docker/registry/config.yml
    policies:
      - name: team images
        repositories: ["team-*/**"]
        keep_tags: [latest, stable]
        keep_n: 10
        older_than: 30d
  check_mode: true
  diff: true

- name: Delete all images but the latest of each repository, on a registry that is closed
  drydock.registry.cleanup:
    registry_config: /etc/docker/registry/config.yml
    registry_url: http://127.0.0.1:5000
    policies:
      - keep_n: 1
    max_delete: 5000

- name: Delete old builds over the API, of two repositories that are known by name
  drydock.registry.cleanup:
    registry_url: https://registry.example.com
    registry_username: cleaner
    registry_password: "{{ vault_registry_password }}"
    repositories: [ci/app, ci/web]
    policies:
      - keep_n: 5
        older_than: 14d
        sort_by: created

- name: Delete all but the newest tag of each repository from an old v1 registry that is stopped, and what nothing needs
  drydock.registry.cleanup:
    registry_config: /etc/docker-registry.yml
    registry_environment: {SETTINGS_FLAVOR: local, REGISTRY_PORT: 5000}
    policies:
      - keep_n: 1

- name: Save a plan for approval
  drydock.registry.cleanup:
    storage:
      filesystem:
        rootdirectory: /var/lib/registry
    policies:
      - keep_n: 10
    plan_dest: /var/lib/registry-plan.json
  check_mode: true

- name: Show what would go from a bucket, from any machine that may read it
  drydock.registry.cleanup:
    storage:
      s3:
        bucket: images
        region: eu-central-1
        rootdirectory: /registry
    policies:
      - keep_n: 10
  check_mode: true
  delegate_to: localhost

- name: Apply the approved plan
  drydock.registry.cleanup:
    storage:
      filesystem:
        rootdirectory: /var/lib/registry
    registry_url: http://127.0.0.1:5000
    plan: /var/lib/registry-plan.json
"""

RETURN = r"""
plan_id:
  description: The id of the plan. The same store and the same options give the same id.
  returned: always
  type: str
  sample: "sha256:5f2d0a91..."
plan_dest:
  description: Where the plan was written.
  returned: always
  type: str
registry_mode:
  description: What the registry was shown to be, one of V(read_only), V(writable), V(stopped) and V(unknown).
  returned: always
  type: str
  sample: read_only
plan:
  description: How much the plan removes, by kind.
  returned: always
  type: dict
  contains: &counts
    tags:
      description: Number of tags.
      type: int
    manifests:
      description: Number of manifests, counted in each repository.
      type: int
    layer_links:
      description: Number of layer links.
      type: int
    blobs:
      description: Number of blobs. Of a v1 registry, of images.
      type: int
    uploads:
      description: Number of abandoned uploads.
      type: int
    debris:
      description: Number of things that no registry needs, such as empty link directories.
      type: int
    repositories:
      description: Number of repositories of which nothing is left.
      type: int
    bytes:
      description: Space that blobs, uploads and debris take, in bytes.
      type: int
lease:
  description:
    - For how long a registry should at most be closed for this, to be given to M(drydock.registry.maintenance) as its
      O(drydock.registry.maintenance#module:lease). Ten minutes, and for all that is read again and all that goes fifty
      times as long as it was measured to take.
    - V(none) over the API, where a registry is never closed.
  returned: always
  type: str
  sample: 12m
deleted:
  description: How much was removed; in check mode, how much a run would remove. Nothing where the plan is refused.
  returned: always
  type: dict
  contains: *counts
kept:
  description: What stays.
  returned: always
  type: dict
  contains:
    tags:
      description: Number of tags.
      type: int
    manifests:
      description: Number of manifests, counted in each repository.
      type: int
    blobs:
      description: Number of blobs. Of a v1 registry, of images.
      type: int
    bytes:
      description: Size of these blobs in bytes.
      type: int
repositories:
  description:
    - The repositories from which something goes, at most 1000, in the order of their names.
    - Empty where the module fails, as RV(tags_deleted), RV(broken_tags) and RV(notes) are; see the diff there. Over the
      API they then tell what was deleted before.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the repository.
      type: str
    tags_before:
      description: Number of tags before.
      type: int
    tags_after:
      description: Number of tags after.
      type: int
    tags_deleted:
      description: Number of tags that go.
      type: int
    manifests_deleted:
      description: Number of manifests that go.
      type: int
    layer_links_deleted:
      description: Number of layer links that go.
      type: int
    uploads_deleted:
      description: Number of uploads that go.
      type: int
    removed:
      description: Whether the repository itself goes.
      type: bool
    bytes:
      description:
        - Bytes of the blobs and uploads that go with it. A blob of several repositories counts for the first of them.
      type: int
repositories_total:
  description: The full number of RV(repositories).
  returned: always
  type: int
tags_deleted:
  description: The tags that go, at most 1000.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    tag:
      description: Name of the tag.
      type: str
    digest:
      description: Digest that it points to.
      type: str
    reason:
      description: Why it goes.
      type: str
tags_deleted_total:
  description: The full number of RV(tags_deleted).
  returned: always
  type: int
drift:
  description:
    - What the plan named and what was left alone, at most 1000. It changed since the plan was made, or this run may not
      touch it.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository, none for blobs.
      type: str
    kind:
      description: Kind of object.
      type: str
    name:
      description: Tag, digest, upload or path.
      type: str
    why:
      description: What is different now, or what leaves it out.
      type: str
drift_total:
  description: The full number of RV(drift).
  returned: always
  type: int
broken_tags:
  description:
    - Tags that do not pull, at most 1000; see O(broken_tags). Empty where a given O(plan) is applied.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    tag:
      description: Name of the tag.
      type: str
    digest:
      description: Digest that it points to; empty where the registry lists it and does not have it.
      type: str
    why:
      description: What is missing.
      type: str
broken_tags_total:
  description: The full number of RV(broken_tags).
  returned: always
  type: int
notes:
  description: Harmless oddities found in the storage, at most 1000.
  returned: always
  type: list
  elements: str
notes_total:
  description: The full number of RV(notes).
  returned: always
  type: int
left_untagged:
  description:
    - Over the API, the number of manifests that no tag reaches any more and that stay until the registry's own garbage
      collector removes them and their blobs.
    - Counted are manifests that were read and those that they name. With the storage it is 0, because there they go.
  returned: always
  type: int
young_tags:
  description:
    - The number of tags that policies would delete and that stay, because their image was pushed within
      O(grace_period).
  returned: always
  type: int
not_deleted:
  description: What was to be deleted over the API and was not, because the registry refused or failed; at most 1000.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    kind:
      description: V(tag) or V(manifest).
      type: str
    name:
      description: Tag or digest.
      type: str
    why:
      description: What the registry answered, or what ended the run.
      type: str
not_deleted_total:
  description: The full number of RV(not_deleted).
  returned: always
  type: int
interrupted_plans:
  description: The ids of plans that an earlier run began and did not finish, and that this run finishes.
  returned: always
  type: list
  elements: str
quarantine:
  description: What is set aside when the module ends.
  returned: always
  type: dict
  contains:
    path:
      description: Where. None on S3, where nothing can be set aside.
      type: str
    bytes:
      description: How much, in bytes.
      type: int
    plans:
      description: Names of the quarantines, one for each plan.
      type: list
      elements: str
free_bytes:
  description:
    - Room on the filesystem of the storage when the module ends, in bytes. What is set aside takes room until it is
      deleted.
    - None on S3 and over the API, and where a plan was refused.
  returned: always
  type: int
"""

import gc
from typing import Any, Mapping

from ansible_collections.drydock.registry.plugins.module_utils._basics import (  # pylint: disable=unused-import
    zip_imports,  # noqa: F401 (first)
)
from ansible_collections.drydock.registry.plugins.module_utils._basics.progress import Progress
from ansible_collections.drydock.registry.plugins.module_utils._report.report import empty_result
from ansible_collections.drydock.registry.plugins.module_utils._tasks.argspec import (
    endpoints_argument_spec,
    limits_argument_spec,
    policy_argument_spec,
    registry_argument_spec,
    registry_mutually_exclusive,
    registry_required_by,
    registry_required_together,
    removal_argument_spec,
    selection_argument_spec,
    storage_argument_spec,
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks.cleanup_api import ApiCleanup
from ansible_collections.drydock.registry.plugins.module_utils._tasks.cleanup_options import read_cleanup_options
from ansible_collections.drydock.registry.plugins.module_utils._tasks.cleanup_storage import StorageCleanup
from ansible_collections.drydock.registry.plugins.module_utils._tasks.edge import Output, RunMode, run_task
from ansible_collections.drydock.registry.plugins.module_utils._tasks.module import ToldModule
from ansible_collections.drydock.registry.plugins.module_utils._tasks.opened import open_registry


def cleanup_argument_spec() -> dict[str, Any]:
    return {
        **registry_argument_spec(),
        **endpoints_argument_spec(),
        **storage_argument_spec(),
        **selection_argument_spec(),
        "policies": {"type": "list", "elements": "dict", "default": [], "options": policy_argument_spec()},
        **removal_argument_spec(),
        **limits_argument_spec(),
        "overwrite_shared_tags": {"type": "bool", "default": False},
        "plan": {"type": "path"},
        "plan_dest": {"type": "path"},
        "require_read_only": {"type": "bool", "default": True},
        "quarantine": {"type": "str", "choices": ["delete", "keep", "purge"], "default": "delete"},
        "progress_interval": {"type": "str", "default": "10s"},
    }


def cleanup(params: Mapping[str, Any], mode: RunMode, output: Output) -> None:
    options = read_cleanup_options(params)
    progress = Progress(options.context.progress_path)
    if options.storage is None:
        ApiCleanup(options, mode, output, progress).run()
    else:
        StorageCleanup(options, open_registry(options.storage, options, progress), mode, output, progress).run()


def main() -> None:
    module = ToldModule(
        argument_spec=cleanup_argument_spec(),
        mutually_exclusive=registry_mutually_exclusive(),
        required_together=registry_required_together(),
        required_by=registry_required_by(),
        supports_check_mode=True,
    )
    # The graph is large, lives to the end and has no cycles: looking for some costs a third of the time.
    gc.disable()
    run_task(module, cleanup, empty_result())


if __name__ == "__main__":
    main()
