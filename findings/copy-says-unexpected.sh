#!/bin/bash
# ansible-core 2.21.5 and 2.18.19 (PyPI), the module ansible.builtin.copy with a `src` that is not there.
#
# Expected: the message of the failed task names the missing file, as it always did, and a playbook may pass it on.
# What happens: since the errors were made anew in 2.19 (seen there, in 2.21.5 and in 2.22.0rc1) the message begins with
# the name of a Python class, `Unexpected AnsibleActionFail error:`, as if Ansible itself had a fault.
#
# Output seen:
#   2.18.19: Could not find or access '/nowhere/plan.json' on the Ansible Controller.
#   2.21.5: Unexpected AnsibleActionFail error: Could not find or access '/nowhere/plan.json' on the Ansible Controller.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/play.yml" <<'END'
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        src: /nowhere/plan.json
        dest: /nowhere/copied.json
      register: copied
      ignore_errors: true
    - ansible.builtin.copy:
        content: "{{ copied.msg }}"
        dest: "{{ playbook_dir }}/said"
END
python=$(for one in python3.12 python3.13 "$HOME"/.pyenv/versions/3.1[23]*/bin/python; do
  "$one" -c 'import sys; print(sys.executable)' 2>/dev/null && break
done)
for version in 2.18.19 2.21.5; do
  "$python" -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet --disable-pip-version-check "ansible-core==$version"
  HOME=$work ANSIBLE_LOCALHOST_WARNING=false "$work/$version/bin/ansible-playbook" "$work/play.yml" \
    -e "ansible_python_interpreter=$python" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  head -n 1 "$work/said" >"$work/said.$version"
  echo "$version: $(cat "$work/said.$version")"
done
grep -q '^Could not find' "$work/said.2.18.19"
grep -q '^Unexpected AnsibleActionFail error: Could not find' "$work/said.2.21.5"
