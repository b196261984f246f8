#!/bin/bash
# Distribution 3.1.1 (go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1), filesystem driver.
#
# Expected: a manifest says how large each of its layers is (OCI image specification, "Descriptors": a client should
# refuse a content of another size). The registry has the layer and looks it up before it takes the manifest, so one
# that gives another size is refused, and one below zero in any case.
# What happens: both are taken (201). Whoever adds up the sizes of manifests to tell how much a registry holds, or what
# a deletion frees, adds up numbers that nobody checked.
#
# Output seen (the layer has 5 bytes):
#   PUT of a manifest whose layer has size 5:    201
#   PUT of a manifest whose layer has size 5000: 201
#   PUT of a manifest whose layer has size -1:   201
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
registry=${REGISTRY_3_1_1:-}
if [ -z "$registry" ]; then
    GOBIN="$work" GOFLAGS=-modcacherw go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1
    registry="$work/registry"
fi
port=$((20000 + RANDOM % 10000))
cat >"$work/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/storage}}
http: {addr: 127.0.0.1:$port}
END
OTEL_TRACES_EXPORTER=none "$registry" serve "$work/config.yml" >"$work/log" 2>&1 &
server=$!
url=http://127.0.0.1:$port/v2/app
for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.1; done

push() {
    local digest location
    digest=sha256:$(printf '%s' "$1" | sha256sum | cut -d' ' -f1)
    location=$(curl -s -o /dev/null -w '%header{location}' -X POST "$url/blobs/uploads/")
    curl -fs -o /dev/null -H 'Content-Type: application/octet-stream' --data-binary "$1" -X PUT "$location&digest=$digest"
    printf '%s' "$digest"
}
config=$(push '{}')
layer=$(push 'layer')
type=application/vnd.oci.image.manifest.v1+json
results=
for size in 5 5000 -1; do
    manifest="{\"schemaVersion\":2,\"mediaType\":\"$type\",
      \"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"$config\",\"size\":2},
      \"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"$layer\",\"size\":$size}]}"
    status=$(curl -s -o /dev/null -w '%{http_code}' -X PUT -H "Content-Type: $type" --data-binary "$manifest" "$url/manifests/with$size")
    printf 'PUT of a manifest whose layer has size %-5s %s\n' "$size:" "$status"
    results+="$status "
done
[ "$results" = "201 201 201 " ]
