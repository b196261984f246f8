#!/bin/bash
# Distribution 3.1.1 (go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1) on an S3 server (PyPI
# moto[server] 5.2.5), deletion enabled.
#
# Expected: the pages of `GET /v2/<name>/tags/list?n=1`, followed by their Link until there is none, name every tag of
# the repository once: that is how clients list tags, and how whoever deletes a repository over the API finds what is in
# it. On the file system they do.
# What happens: a tag whose name begins another's is left out (1.2 beside 1.2-alpine): the driver walks the keys in
# their order, in which `1.2-alpine/` comes before `1.2/`, and the next page drops what is not after `last` by name. The
# tag pulls. Once the other tags are deleted it shows itself. With n=1000, as most clients ask, it is so at page ends.
#
# Output seen:
#   pushed:    1.2 1.2-alpine 2 latest latest-debug
#   listed:    1.2-alpine 2 latest-debug
#   1.2        200
#   deleted:   1.2-alpine 2 latest-debug
#   listed:    1.2 latest
set -euo pipefail
work=$(mktemp -d)
trap 'kill ${pids:-} 2>/dev/null || true; rm -rf "$work"' EXIT
registry=${REGISTRY_3_1_1:-}
if [ -z "$registry" ]; then
    GOBIN="$work" go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1
    registry="$work/registry"
fi
moto=${MOTO_SERVER:-}
if [ -z "$moto" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install -q 'moto[server]==5.2.5' boto3
    moto="$work/venv/bin/moto_server"
fi
port=$((20000 + RANDOM % 10000))
"$moto" -H 127.0.0.1 -p $((port + 1)) >"$work/moto.log" 2>&1 &
pids=$!
for _ in $(seq 200); do curl -s -o /dev/null "http://127.0.0.1:$((port + 1))/" && break || sleep 0.1; done
curl -fs -o /dev/null -X PUT "http://127.0.0.1:$((port + 1))/bucket"
cat >"$work/config.yml" <<END
version: 0.1
storage:
  s3: {bucket: bucket, region: us-east-1, regionendpoint: "http://127.0.0.1:$((port + 1))", forcepathstyle: true,
       secure: false, accesskey: key, secretkey: secret}
  delete: {enabled: true}
http: {addr: 127.0.0.1:$port}
END
OTEL_TRACES_EXPORTER=none "$registry" serve "$work/config.yml" >"$work/log" 2>&1 &
pids="$pids $!"
base=http://127.0.0.1:$port url=http://127.0.0.1:$port/v2/app
for _ in $(seq 200); do curl -fs "$base/v2/" >/dev/null && break || sleep 0.1; done

printf '{}' >"$work/blob"
digest=sha256:$(sha256sum "$work/blob" | cut -d' ' -f1)
location=$(curl -s -D - -o /dev/null -X POST "$url/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //Ip')
curl -fs -o /dev/null -H 'Content-Type: application/octet-stream' --data-binary @"$work/blob" -X PUT "$location&digest=$digest"
type=application/vnd.oci.image.manifest.v1+json
cat >"$work/manifest" <<END
{"schemaVersion": 2, "mediaType": "$type", "layers": [],
 "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "$digest", "size": 2}}
END
list() {
    next="/v2/app/tags/list?n=1" found=""
    while [ -n "$next" ]; do
        curl -fs -D "$work/headers" -o "$work/page" "$base$next"
        found="$found $(python3 -c 'import json, sys; print(*json.load(sys.stdin)["tags"] or [])' <"$work/page")"
        next=$(tr -d '\r' <"$work/headers" | sed -n 's/^Link: <\([^>]*\)>; rel="next"$/\1/Ip')
    done
    echo $found
}
report() { printf '%-10s %s\n' "$1" "$2"; results="${results:-}$2;"; }

tags="1.2 1.2-alpine 2 latest latest-debug"
for tag in $tags; do
    curl -fs -o /dev/null -X PUT -H "Content-Type: $type" --data-binary @"$work/manifest" "$url/manifests/$tag"
done
report pushed: "$tags"
listed=$(list)
report listed: "$listed"
report 1.2 "$(curl -s -o /dev/null -w '%{http_code}' -H "Accept: $type" "$url/manifests/1.2")"
for tag in $listed; do curl -fs -o /dev/null -X DELETE "$url/manifests/$tag"; done
report deleted: "$listed"
report listed: "$(list)"
[ "$results" = "$tags;1.2-alpine 2 latest-debug;200;1.2-alpine 2 latest-debug;1.2 latest;" ]
