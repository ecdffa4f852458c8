# Runs a command as the image `worker` would, in a mount namespace of its own: read_only.sh ROOT INPUTS PYTHON COMMAND…
#
# ROOT has what install.sh made. / is read-only, /tmp is new and writable, there is no network, and the user has no rights.
# PYTHON is the folder of the Python that runs it, which stands for that of the base image.
set -eu
root=$1 inputs=$2 python=$3
shift 3
mount --make-rprivate /
mount --bind "$root/usr/local" /usr/local
mount -t tmpfs tmpfs /var/cache
mkdir /var/cache/hushbeam
mount --bind "$root/var/cache/hushbeam" /var/cache/hushbeam
mount --bind "$inputs" /mnt
case $python in /root/*) # which other users cannot enter
  mount --bind "$python" /media
  mount -t tmpfs -o mode=755 tmpfs /root
  mkdir -p "$python"
  mount --bind /media "$python" ;;
esac
mount -t tmpfs -o mode=1777 tmpfs /tmp
for folder in / /usr/local /var/cache/hushbeam /mnt; do mount -o remount,bind,ro "$folder"; done
for folder in /var/cache /root; do ! mountpoint -q "$folder" || mount -o remount,ro "$folder"; done
cd /mnt
exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
  env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp XDG_CACHE_HOME=/var/cache/hushbeam \
  PYTHONUNBUFFERED=1 PYTHONPATH="$(echo /usr/local/lib/python3*/site-packages)" "$@"
