# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which repositories and images a run may touch; the argument spec is `_argspec.selection_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  repositories:
    description:
      - The repositories that this run may touch at all, as patterns for the whole name. A list of strings.
      - What YAML makes no string of is refused, in every such list, for to YAML V(3.10) is the number 3.1. Write it in
        quotes.
      - A pattern is a glob in which C(*) stops at C(/) and C(**) does not, or, behind a leading C(~), a regular
        expression. A glob that no name can match is refused, and the message says what was probably meant. A plain
        name stands for itself alone, V(team/**) for all below it.
      - Blobs that no repository links belong to none, and go whatever is named here.
      - Over the API the catalogue, which not every account may see, is only asked for if there is a pattern that is not
        a plain name.
    type: raw
    default: ["**"]
  exclude_repositories:
    description: A list of patterns of repositories that this run leaves alone, of those in O(repositories).
    type: raw
    default: []
  protect_images:
    description:
      - A list of images in use somewhere, in any of these forms. References with a tag, such as V(team/app:1.2). All
        tags of a repository, V(team/app:*). Digests of a manifest, of a child of an index, or of an image
        configuration, alone or as V(team/app@sha256:…). The whole id of an image, as C(podman images --no-trunc) and
        C(crictl images --no-trunc) show it.
      - Of V(team/app:1.2@sha256:…) both are protected, the digest and what the tag names now.
      - The name of the registry in a reference is not compared. It is known by a dot or a port in it.
      - What is not clear is refused, such as a shortened id, or a repository alone.
    type: raw
    default: []
  on_unmatched:
    description:
      - What to do where an entry of O(exclude_repositories), of O(policies[].exclude_repositories) or of
        O(protect_images) matches nothing in the registry. Most often it is a mistake, and what it was to protect goes.
      - V(fail_if_near) refuses to go on where something near it is there and would not be protected, and says what was
        probably meant. That is the same name below a slash, in another namespace or without the registry's host, or one
        with a letter too many, missing, wrong or in the wrong place. Otherwise it warns.
      - V(fail) refuses in any case. V(warn) only warns. V(ignore) says nothing, for lists that many hosts share.
      - Beside O(plan), entries that the plan was not made with are held against what is in it.
      - A pattern of O(repositories), or another one of a policy, that matches nothing draws a warning, whatever is said
        here.
    type: str
    choices: [fail, fail_if_near, warn, ignore]
    default: fail_if_near
"""
