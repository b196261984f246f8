# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that decide which tags go; the argument spec is `_argspec.policy_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  policies:
    description:
      - An ordered list. The first policy that matches a repository and a tag judges that tag; a tag that no policy
        matches is kept.
      - A policy needs at least one of O(policies[].keep_n), O(policies[].older_than), O(policies[].expire_after) and
        O(policies[].keep_groups).
      - Tags whose name belongs to another manifest (C(sha256-<hex>), C(.sig), C(.att), C(.sbom)) are never judged.
        They stay and go with that manifest.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What to call the policy in reasons and warnings.
        type: str
      repositories:
        description: Patterns of the repositories that the policy looks at.
        type: list
        elements: str
        default: ["**"]
      exclude_repositories:
        description: Patterns of repositories that it does not look at.
        type: list
        elements: str
        default: []
      tags:
        description: Patterns of the tags that the policy judges.
        type: list
        elements: str
        default: ["*"]
      keep_tags:
        description:
          - Patterns of tags that are always kept in the repositories that the policy looks at, whatever policy judges
            them.
          - A pattern that matches no tag draws a warning, and so does one that matches only a part of a tag that goes,
            for example V(stable) where C(stable-1) does. It has to match the whole tag, as V(stable*) would.
        type: list
        elements: str
        default: []
      keep_n:
        description:
          - Keep the newest N images among the judged tags, with all their tags. Tags kept by O(policies[].keep_tags)
            are not counted.
          - Alone, everything else goes. With O(policies[].older_than), of the rest only what is older goes.
        type: int
      older_than:
        description: Delete only what is at least this old, for example V(30d). A tag of unknown age is kept.
        type: str
      expire_after:
        description: Delete what is at least this old even if it is among the newest O(policies[].keep_n).
        type: str
      group_by:
        description:
          - A regular expression with a group, behind a leading C(~). Tags for which the group matches the same text
            form a group, and O(policies[].keep_n) counts in each on its own.
          - Tags that it does not match are kept.
        type: str
      keep_groups:
        description: Keep only the newest N groups of O(policies[].group_by).
        type: int
      sort_by:
        description:
          - What makes one tag newer than another. V(pushed) is when the tag was pushed, V(created) the date in the
            image's configuration, V(version) the precedence of the tag as a version, V(name) its natural order.
          - Where a store shows one push time for all tags of a repository while image dates spread, as after a copy,
            V(pushed) uses image dates and says so.
          - Ages are those of V(created) with that order, otherwise of V(pushed).
        type: str
        choices: [pushed, created, version, name]
        default: pushed
"""
