#!/bin/bash
# Distribution 2.8.2 (Debian package docker-registry 2.8.2, apt download), filesystem driver, deletion enabled.
#
# Expected: `DELETE /v2/<name>/manifests/<digest>` deletes a manifest. The digest of a layer is that of no manifest: it is
# refused (404), and the layer stays, for an image needs it.
# What happens: 202, and the layer's link is gone: the image that has this layer is still there and can't be pulled any
# more. BuildKit's exported build caches (`type=registry`) are indexes whose `manifests` name layers, often those of
# images in the same repository, so that whoever deletes an index with its children breaks these images.
#
# Output seen:
#   GET    manifests/<digest of the layer> 500
#   GET    blobs/<digest of the layer>     200
#   DELETE manifests/<digest of the layer> 202
#   GET    blobs/<digest of the layer>     404
#   GET    manifests/1                     200
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
registry=${REGISTRY_2_8_2:-}
if [ -z "$registry" ]; then
    (cd "$work" && apt-get download -qq docker-registry && dpkg-deb -x docker-registry_*.deb package)
    registry="$work/package/usr/bin/docker-registry"
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
url=http://127.0.0.1:$port/v2/app
for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.1; done

push() {
    digest=sha256:$(sha256sum "$1" | cut -d' ' -f1)
    location=$(curl -s -D - -o /dev/null -X POST "$url/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //Ip')
    curl -fs -o /dev/null -H 'Content-Type: application/octet-stream' --data-binary @"$1" -X PUT "$location&digest=$digest"
}
status() { curl -s -o /dev/null -w '%{http_code}' -X "$1" -H "Accept: $type" "$url/$2"; }
report() { printf '%-6s %-31s %s\n' "$1" "$2" "$3"; results="${results:-}$3 "; }

type=application/vnd.oci.image.manifest.v1+json
printf '{}' >"$work/config.json"; push "$work/config.json"; config=$digest
printf 'a layer' | gzip -n >"$work/layer"; push "$work/layer"; layer=$digest
cat >"$work/manifest.json" <<END
{"schemaVersion": 2, "mediaType": "$type",
 "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "$config", "size": 2},
 "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "$layer", "size": $(stat -c %s "$work/layer")}]}
END
curl -fs -o /dev/null -X PUT -H "Content-Type: $type" --data-binary @"$work/manifest.json" "$url/manifests/1"

report GET "manifests/<digest of the layer>" "$(status GET "manifests/$layer")"
report GET "blobs/<digest of the layer>" "$(status GET "blobs/$layer")"
report DELETE "manifests/<digest of the layer>" "$(status DELETE "manifests/$layer")"
report GET "blobs/<digest of the layer>" "$(status GET "blobs/$layer")"
report GET "manifests/1" "$(status GET manifests/1)"
[ "$results" = "500 200 202 404 200 " ]
