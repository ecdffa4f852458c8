#!/bin/sh
# Builds an image on base images that are pinned by digest: deploy/build.sh TARGET NAME:TAG [options of docker build]
#
# The first build of a target asks the registries, and writes the digests to deploy/base_images. Commit that file: later
# builds use the same bytes. Delete it to take newer base images. The target flink takes Beam's job server from the file
# that FLINK_JOB_SERVER_JAR names, and keeps its checksum in the same way.
set -eu
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1 name=$2
shift 2
jar=$(realpath -- "${FLINK_JOB_SERVER_JAR:-}" 2>/dev/null || true)
cd "$(dirname "$0")/.."
pins=deploy/base_images
touch "$pins"

pinned() { sed -n "s/^$1=//p" "$pins"; }
for argument in PYTHON_IMAGE BEAM_IMAGE LAUNCHER_IMAGE; do
  [ "$argument" != LAUNCHER_IMAGE ] || [ "$target" = template ] || continue
  if [ -z "$(pinned "$argument")" ]; then
    image=$(sed -n "s/^ARG $argument=//p" deploy/Dockerfile)
    digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
    printf '%s=%s@%s\n' "$argument" "$image" "$digest" >> "$pins"
  fi
  pinned "$argument" | grep -Eq '@sha256:[0-9a-f]{64}$' || { echo "$pins: $argument has no digest" >&2; exit 2; }
  set -- --build-arg "$argument=$(pinned "$argument")" "$@"
done

if [ "$target" = flink ]; then
  [ -f "$jar" ] ||
    { echo "FLINK_JOB_SERVER_JAR: name the file of Beam's job server for your Flink: docs/deployment.md" >&2; exit 2; }
  checksum=sha256:$(sha256sum < "$jar" | cut -d' ' -f1)
  [ -n "$(pinned FLINK_JOB_SERVER)" ] || echo "FLINK_JOB_SERVER=$checksum" >> "$pins"
  [ "$(pinned FLINK_JOB_SERVER)" = "$checksum" ] ||
    { echo "FLINK_JOB_SERVER_JAR: $jar differs from the file in $pins; to take it, remove that line" >&2; exit 2; }
  context=$(mktemp -d)
  trap 'rm -rf "$context"' EXIT
  cp "$jar" "$context/flink-job-server.jar"
  set -- --build-context "job-server=$context" "$@"
fi

base=$(pinned PYTHON_IMAGE)
docker build --file deploy/Dockerfile --target "$target" --tag "$name" \
  --label "org.opencontainers.image.version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' hushbeam/__init__.py)" \
  --label "org.opencontainers.image.revision=$(git rev-parse HEAD 2>/dev/null || true)" \
  --label "org.opencontainers.image.created=$(git show --no-patch --format=%cI 2>/dev/null || true)" \
  --label "org.opencontainers.image.base.name=${base%@*}" \
  --label "org.opencontainers.image.base.digest=${base#*@}" \
  "$@" .
