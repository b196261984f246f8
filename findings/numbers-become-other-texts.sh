#!/bin/bash
# ansible-core 2.19.14 (PyPI).
#
# Expected: an option that is documented as a list of strings refuses what is no string, or says that it changed it. What
# is written there are file names, arguments, names of tags.
# What happens: numbers and truth values become other texts before the module sees them, in the list and where a single
# number stands in place of it, without a warning: `3.10` is `3.1`, `0123` is `83`, `on` is `True`. A module can't tell,
# for it gets texts only; a module that deletes tags by name would delete another tag.
#
# Output seen:
#   elements  3.1 83 True 1000
#   alone     3.1
#   warnings  0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-$(command -v python3)}
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q 'ansible-core==2.19.14'
mkdir "$work/library"
cat >"$work/library/names.py" <<'MODULE'
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({"name": {"type": "list", "elements": "str", "required": True}})
module.exit_json(name=" ".join(module.params["name"]))
MODULE
cat >"$work/play.yml" <<'PLAY'
- hosts: localhost
  gather_facts: false
  vars: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - names: {name: [3.10, 0123, on, 1_000]}
      register: elements
    - names: {name: 3.10}
      register: alone
    - debug: {msg: "seen|elements  {{ elements.name }}|alone     {{ alone.name }}|"}
PLAY
export ANSIBLE_HOME="$work/home" ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_LIBRARY="$work/library"
"$work/venv/bin/ansible-playbook" -i localhost, "$work/play.yml" >"$work/out" 2>&1
seen=$(sed -n 's/.*"seen|\(.*\)|".*/\1/p' "$work/out" | tr '|' '\n')
seen="$seen
warnings  $(grep -c WARNING "$work/out" || true)"
echo "$seen"
[ "$seen" = 'elements  3.1 83 True 1000
alone     3.1
warnings  0' ]
