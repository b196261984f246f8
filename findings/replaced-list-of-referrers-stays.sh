#!/bin/bash
# oras 1.3.6 (go install oras.land/oras/cmd/oras@v1.3.6) with Distribution 2.8.2 (Debian package docker-registry 2.8.2,
# apt download), deletion enabled.
#
# Expected: where a registry has no referrers API, what is attached to an image is listed in an index under the tag
# sha256-<hex> (OCI distribution spec, "Referrers Tag Schema"). Who attaches a second thing pushes a new list, and
# deletes the one that was replaced, for nobody needs it and nobody else can know it.
# What happens: the replaced list stays, without a tag, and names the first attachment. Each attachment leaves one more.
# A garbage collector that keeps what has no tag keeps all these attachments with it, after the image is long gone.
# (regctl 0.11.7 does the same.)
#
# Output seen:
#   under the tag:         2 named
#   the list before, 200:  1 named
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
before=$(digest_of "$list")
"$oras" attach --plain-http --no-tty --artifact-type x/two "$name:1" two >/dev/null
status=$(curl -s -o /dev/null -w '%{http_code}' -H "$index" "$url/$before")
[ "$status" = 200 ] && [ "$before" != "$(digest_of "$list")" ]
echo "under the tag:         $(names "$list") named"
echo "the list before, $status:  $(names "$before") named"
[ "$(names "$list") $(names "$before")" = "2 1" ]
