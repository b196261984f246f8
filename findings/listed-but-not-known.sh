#!/bin/bash
# Distribution 3.1.1 (go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1), filesystem driver.
#
# Expected: a repository that the catalogue lists and whose image can be pulled is known to the same registry when it is
# asked for its tags: 200 and an empty list, as for a repository whose last tag was deleted.
# What happens: where every image was pushed by digest, as the parts of a multi-platform image are, it answers 404
# NAME_UNKNOWN, "repository name not known to registry". Whoever goes through the catalogue and takes 404 for a
# repository that has just gone overlooks what it holds; whoever takes it for a fault stops at it.
#
# Output seen:
#   catalogue:                  {"repositories":["app"]}
#   the image by its digest:    200
#   its tags:                   404 NAME_UNKNOWN
#   its tags once one was there and was deleted: 200 null
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
storage: {filesystem: {rootdirectory: $work/storage}, delete: {enabled: true}}
http: {addr: 127.0.0.1:$port}
END
OTEL_TRACES_EXPORTER=none "$registry" serve "$work/config.yml" >"$work/log" 2>&1 &
server=$!
url=http://127.0.0.1:$port/v2
for _ in $(seq 100); do curl -fs "$url/" >/dev/null && break || sleep 0.1; done

digest_of() { printf 'sha256:%s' "$(printf '%s' "$1" | sha256sum | cut -d' ' -f1)"; }
field() { python3 -c "import json, sys; found = json.load(sys.stdin); print($1)"; }
config=$(digest_of '{}')
location=$(curl -s -o /dev/null -w '%header{location}' -X POST "$url/app/blobs/uploads/")
curl -fs -o /dev/null -H 'Content-Type: application/octet-stream' --data-binary '{}' -X PUT "$location&digest=$config"
type=application/vnd.oci.image.manifest.v1+json
manifest="{\"schemaVersion\":2,\"mediaType\":\"$type\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"$config\",\"size\":2},\"layers\":[]}"
image=$(digest_of "$manifest")
put() { curl -fs -o /dev/null -X PUT -H "Content-Type: $type" --data-binary "$manifest" "$url/app/manifests/$1"; }

put "$image"
catalogue=$(curl -fs "$url/_catalog" | tr -d '\n')
pulled=$(curl -s -o /dev/null -w '%{http_code}' -H "Accept: $type" "$url/app/manifests/$image")
never="$(curl -s -o "$work/tags" -w '%{http_code}' "$url/app/tags/list") $(field 'found["errors"][0]["code"]' <"$work/tags")"
put latest
curl -fs -o /dev/null -X DELETE "$url/app/manifests/latest"
once="$(curl -s -o "$work/tags" -w '%{http_code}' "$url/app/tags/list") $(field 'json.dumps(found["tags"])' <"$work/tags")"
echo "catalogue:                  $catalogue"
echo "the image by its digest:    $pulled"
echo "its tags:                   $never"
echo "its tags once one was there and was deleted: $once"
[ "$catalogue|$pulled|$never|$once" = '{"repositories":["app"]}|200|404 NAME_UNKNOWN|200 null' ]
