#!/bin/bash
# Distribution 2.8.2 (Debian package docker-registry 2.8.2, apt download) and 3.1.1
# (go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1), filesystem driver.
#
# Expected: whether blob descriptors are cached in memory (`storage.cache.blobdescriptor: inmemory`, as in the example
# configurations) makes a registry faster or slower. Which repositories there can be does not depend on it.
# What happens: with the cache names are read as Docker's clients read them. Of the 255 characters a name may have,
# `library/` takes eight where it has no slash, and on 2.8.2 `docker.io/` ten of every name; and 2.8.2 takes no capitals.
# (3.1.1 does not count what stands before the first slash otherwise, for it may be a host: 260 with `team/`.)
# Who turns the cache on can't reach repositories any more that were pushed without it: all requests for them fail, with
# 500 on 2.8.2 and 400 on 3.1.1.
#
# Output seen (the longest name, with a slash and without; what `Prod/app` is answered):
#   2.8.2  no cache  255 255  202
#   2.8.2  inmemory  245 237  500
#   3.1.1  no cache  260 255  202
#   3.1.1  inmemory  255 247  202
set -euo pipefail
work=$(mktemp -d)
trap 'kill ${servers:-} 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
old=${REGISTRY_2_8_2:-}
if [ -z "$old" ]; then
    (cd "$work" && apt-get download -qq docker-registry 2>/dev/null && dpkg-deb -x docker-registry_*.deb package)
    old="$work/package/usr/bin/docker-registry"
fi
new=${REGISTRY_3_1_1:-}
if [ -z "$new" ]; then
    GOBIN="$work" GOFLAGS=-modcacherw go install github.com/distribution/distribution/v3/cmd/registry@v3.1.1
    new="$work/registry"
fi
"$old" --version | grep -q 2.8.2
port=$((20000 + RANDOM % 10000))

begin() { curl -s -o /dev/null -w '%{http_code}' -X POST "$url/v2/$1/blobs/uploads/"; }
letters() { printf 'a%.0s' $(seq "$1"); }
longest() { # PREFIX: how long a name may be that begins with it
    local found=none
    for length in $(seq 230 270); do
        [ "$(begin "$1$(letters $((length - ${#1})))")" = 202 ] || break
        found=$length
    done
    echo "$found"
}

results=
for version in 2.8.2 3.1.1; do
    [ "$version" = 2.8.2 ] && registry=$old || registry=$new
    for cache in "no cache" inmemory; do
        port=$((port + 1)) url=http://127.0.0.1:$((port + 1))
        config="$work/$port.yml"
        cat >"$config" <<END
version: 0.1
storage:
  filesystem: {rootdirectory: $work/storage-$port}
  $([ "$cache" = inmemory ] && echo 'cache: {blobdescriptor: inmemory}')
http: {addr: 127.0.0.1:$((port + 1))}
END
        OTEL_TRACES_EXPORTER=none "$registry" serve "$config" >"$work/$port.log" 2>&1 &
        servers="${servers:-} $!"
        for _ in $(seq 100); do curl -fs "$url/v2/" >/dev/null && break || sleep 0.1; done
        line="$version  $cache  $(longest team/) $(longest "")  $(begin Prod/app)"
        echo "$line"
        results="$results$line;"
    done
done
[ "$results" = "2.8.2  no cache  255 255  202;2.8.2  inmemory  245 237  500;3.1.1  no cache  260 255  202;\
3.1.1  inmemory  255 247  202;" ]
