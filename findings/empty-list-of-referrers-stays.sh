#!/bin/bash
# oras 1.3.6 (go install oras.land/oras/cmd/oras@v1.3.6) with Distribution 2.8.2 (Debian package docker-registry 2.8.2,
# apt download), deletion enabled.
#
# Expected: a referrer that is deleted leaves the list under the tag sha256-<hex> (OCI distribution spec, "Referrers Tag
# Schema"). With the last one the list has nothing to say, and it goes with its tag.
# What happens: an empty index stays under the tag. Who judges by what a tag points to can't tell any more that it is a
# list of referrers, and when the image goes, too, it counts as the newest image of its repository.
#
# Output seen:
#   {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
registry=${REGISTRY_2_8_2:-}
if [ -z "$registry" ]; then
    (cd "$work" && apt-get download -qq docker-registry && dpkg-deb -x docker-registry_*.deb package)
    registry="$work/package/usr/bin/docker-registry"
fi
oras=${ORAS_1_3_6:-}
if [ -z "$oras" ]; then
    GOBIN="$work/bin" GOFLAGS=-modcacherw GOPATH="$work/go" go install oras.land/oras/cmd/oras@v1.3.6
    oras="$work/bin/oras"
fi
"$registry" --version | grep -q 2.8.2
port=$((20000 + RANDOM % 10000))
cat >"$work/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/storage}, delete: {enabled: true}}
http: {addr: 127.0.0.1:$port}
END
"$registry" serve "$work/config.yml" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.1; done

export HOME="$work"
cd "$work"
name=127.0.0.1:$port/app
url=http://127.0.0.1:$port/v2/app/manifests
index='Accept: application/vnd.oci.image.index.v1+json'
echo image >image && echo one >one && echo two >two
"$oras" push --plain-http --no-tty "$name:1" image >/dev/null
subject=$("$oras" resolve --plain-http "$name:1")
list=${subject/:/-}
digest_of() { curl -fsI -H "$index" "$url/$1" | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip'; }
names() { curl -fs -H "$index" "$url/$1" | grep -o '"digest":"[^"]*"' | wc -l; }

"$oras" attach --plain-http --no-tty --artifact-type x/one "$name:1" one >/dev/null
attached=$("$oras" discover --plain-http --format go-template='{{(index .referrers 0).digest}}' "$name:1")
"$oras" manifest delete --plain-http --force "$name@$attached" >/dev/null
found=$(curl -fs -H "$index" "$url/$list")
echo "$found"
[ "$(names "$list")" = 0 ] && [[ $found == *'"manifests":[]'* ]]
