#!/bin/bash
# ansible-core 2.19.14 (PyPI).
#
# Expected: with `serial: 2` and `max_fail_percentage: 0`, the play ends when one of the two hosts of a batch fails; no
# further batch is begun. That is what it is for, a roll-out that stops before it does more harm.
# What happens: it does so, also from within a block. But where the block has an `always`, as a careful author writes it
# to put things back, the failure is not counted: the other host goes on, and the next batch is begun.
#
# Output seen (host a fails, of the batches a and b, then c and d):
#   a task alone:               work after: nobody
#   a task in a block:          work after: nobody
#   ... that has an `always`:   work after: b c d
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14
export ANSIBLE_HOME=$work/ansible ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=false
export ANSIBLE_PYTHON_INTERPRETER=$work/venv/bin/python

task="{name: work, ansible.builtin.fail: {msg: broken}, when: inventory_hostname == 'a'}"
always="[{name: put things back, ansible.builtin.debug: {msg: done}}]"
after() {
    cat >"$work/play.yml" <<END
- hosts: all
  gather_facts: false
  serial: 2
  max_fail_percentage: 0
  tasks:
    - $1
    - name: Go on
      ansible.builtin.file: {path: "$work/after-{{ inventory_hostname }}", state: touch}
END
    rm -f "$work"/after-*
    "$work/venv/bin/ansible-playbook" -c local -i a,b,c,d, "$work/play.yml" >"$work/log" 2>&1 && return 1
    grep -q 'fatal: \[a\]: FAILED!' "$work/log"
    (cd "$work" && ls -d after-* 2>/dev/null) | sed 's/after-//' | tr '\n' ' ' || true
}
alone=$(after "$task")
block=$(after "{block: [$task]}")
always=$(after "{block: [$task], always: $always}")
echo "a task alone:               work after: ${alone:-nobody}"
echo "a task in a block:          work after: ${block:-nobody}"
echo "... that has an \`always\`:   work after: ${always:-nobody}"
[ "$alone|$block|$always" = "||b c d " ]
