#!/bin/bash
# Distribution 3.1.1 (go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1), filesystem driver.
#
# Expected: the OCI distribution specification ("Pulling manifests") has repository names of lower case letters, digits
# and separators alone, so a push to `Prod/app` and one to `prod/App` are both refused.
# What happens: `prod/App` is refused (404), but `Prod/app` is taken and listed in the catalogue: the registry's routes
# allow a host's name before the first slash, which may have capitals. Whoever reads names off a registry can't rely on
# the specification's grammar; whoever filters them by it loses `Prod/app`.
#
# Output seen:
#   POST /v2/prod/app/blobs/uploads/ 202
#   POST /v2/Prod/app/blobs/uploads/ 202
#   POST /v2/prod/App/blobs/uploads/ 404
#   PUT  /v2/Prod/app/manifests/1    201
#   {"repositories":["Prod/app"]}
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
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -fs "$url/v2/" >/dev/null && break || sleep 0.1; done

begin() { curl -s -o /dev/null -w '%{http_code}' -X POST "$url/v2/$1/blobs/uploads/"; }
status() { printf '%s\n' "$2"; results="${results:-}$1=$2 "; }

printf 'POST /v2/prod/app/blobs/uploads/ '; status prod/app "$(begin prod/app)"
printf 'POST /v2/Prod/app/blobs/uploads/ '; status Prod/app "$(begin Prod/app)"
printf 'POST /v2/prod/App/blobs/uploads/ '; status prod/App "$(begin prod/App)"
printf '{}' >"$work/config.json"
digest=sha256:$(sha256sum "$work/config.json" | cut -d' ' -f1)
curl -s -o /dev/null -H 'Content-Type: application/octet-stream' --data-binary @"$work/config.json" -X PUT \
    "$(curl -s -o /dev/null -w '%header{location}' -X POST "$url/v2/Prod/app/blobs/uploads/")&digest=$digest"
type=application/vnd.oci.image.manifest.v1+json
manifest="{\"schemaVersion\":2,\"mediaType\":\"$type\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"$digest\",\"size\":2},\"layers\":[]}"
printf 'PUT  /v2/Prod/app/manifests/1    '
status manifest "$(curl -s -o /dev/null -w '%{http_code}' -X PUT -H "Content-Type: $type" -d "$manifest" "$url/v2/Prod/app/manifests/1")"
catalogue=$(curl -s "$url/v2/_catalog")
echo "$catalogue"
[ "$results" = "prod/app=202 Prod/app=202 prod/App=404 manifest=201 " ]
case $catalogue in *'"Prod/app"'*) ;; *) exit 1 ;; esac
