#!/bin/bash
# Distribution 2.8.2 (Debian package docker-registry 2.8.2, apt download), filesystem driver, on a disk that runs full.
#
# Expected: a push of a new tag that is answered with 500 for want of room has made no tag: the list of tags is as before,
# and what the disk has no room for is not there.
# What happens: depending on where the room ends the tag is listed from then on, without an image: its link is an empty
# file or missing. It goes on so when there is room again, until somebody pushes that very tag or removes it by hand: no
# digest belongs to it by which it could be deleted.
#
# Needs root, or user namespaces, to mount the small disk.
#
# Output seen (blocks of 4 KiB that were free; what the push of a new tag was answered with; whether the tag is listed;
# what a pull of it is answered with, once there is room again; the bytes in its link):
#   0  500  not listed  404  no link
#   1  500  not listed  404  no link
#   2  500  listed      404  no link
#   3  500  listed      500  0
#   4  201  listed      200  71
set -euo pipefail
if [ "${1:-}" != inside ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    (cd "$work" && apt-get download -qq docker-registry 2>/dev/null && dpkg-deb -x docker-registry_*.deb package)
    mkdir "$work/disk"
    [ "$(id -u)" = 0 ] && own="unshare -m" || own="unshare -rm"
    $own bash "$0" inside "$work"
    exit
fi

work=$2
registry="$work/package/usr/bin/docker-registry"
"$registry" --version | grep -q 2.8.2
mount -t tmpfs -o size=1m none "$work/disk"
port=$((20000 + RANDOM % 10000))
cat >"$work/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/disk/registry}}
http: {addr: 127.0.0.1:$port}
END
"$registry" serve "$work/config.yml" >"$work/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
url=http://127.0.0.1:$port/v2/app
type=application/vnd.oci.image.manifest.v1+json
for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.1; done

printf '{}' >"$work/config.json"
digest=sha256:$(sha256sum "$work/config.json" | cut -d' ' -f1)
location=$(curl -s -D - -o /dev/null -X POST "$url/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //Ip')
curl -fs -o /dev/null -H 'Content-Type: application/octet-stream' --data-binary @"$work/config.json" \
    -X PUT "$location&digest=$digest"

results=
for free in 0 1 2 3 4; do
    tag=with-$free
    cat >"$work/manifest.json" <<END
{"schemaVersion": 2, "mediaType": "$type", "annotations": {"tag": "$tag"}, "layers": [],
 "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "$digest", "size": 2}}
END
    head -c 4096 /dev/zero >"$work/disk/other"
    left=$(stat -f -c %a "$work/disk")
    head -c $((4096 * (left + 1 - free))) /dev/zero >"$work/disk/other"
    answer=$(curl -s -o /dev/null -w '%{http_code}' -X PUT -H "Content-Type: $type" \
        --data-binary @"$work/manifest.json" "$url/manifests/$tag")
    rm "$work/disk/other"
    listed=$(curl -s "$url/tags/list" | grep -q "\"$tag\"" && echo listed || echo "not listed")
    pull=$(curl -s -o /dev/null -w '%{http_code}' -H "Accept: $type" "$url/manifests/$tag")
    link=$(stat -c %s "$work/disk/registry/docker/registry/v2/repositories/app/_manifests/tags/$tag/current/link" \
        2>/dev/null || echo "no link")
    printf '%s  %s  %-10s  %s  %s\n' "$free" "$answer" "$listed" "$pull" "$link"
    results="$results$free $answer $listed $pull $link;"
done
[ "$results" = "0 500 not listed 404 no link;1 500 not listed 404 no link;2 500 listed 404 no link;3 500 listed 500 0;\
4 201 listed 200 71;" ]
