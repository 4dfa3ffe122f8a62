#!/bin/sh
# Installs what "npm ci && npm run build" made, as a program and a systemd service.
#
#     scripts/install.sh              install
#     scripts/install.sh uninstall    remove all of it but /etc/ptproxy and the user
#
# From the environment:
#     PREFIX   where to, /usr by default
#     DESTDIR  put before every path, for packages; the user is then not made and systemd not told
#     UNITDIR  the folder of the units, by default where systemd looks under PREFIX, else /etc/systemd/system
#     NODE     the Node.js that is to run it, by default the one in the PATH
set -eu

cd "$(dirname "$0")/.."
here=$(pwd -P)
PREFIX=${PREFIX:-/usr}
DESTDIR=${DESTDIR:-}
case $PREFIX in
  /usr | /usr/local) UNITDIR=${UNITDIR:-$PREFIX/lib/systemd/system} ;;
  /*) UNITDIR=${UNITDIR:-/etc/systemd/system} ;;
  *) echo "$0: PREFIX is \"$PREFIX\"; allowed is an absolute path" >&2 && exit 2 ;;
esac

program=$PREFIX/bin/ptproxy
library=$PREFIX/lib/ptproxy
documents=$PREFIX/share/doc/ptproxy
sysusers=$PREFIX/lib/sysusers.d/ptproxy.conf

fail() {
  echo "$0: $1" >&2
  exit 1
}

# The packages that run, without those that build and test.
copy_packages() {
  npm ls --all --omit=dev --parseable 2> /dev/null | sed -n "s|^$here/||p" | sort | while IFS= read -r folder; do
    mkdir -p "$DESTDIR$library/$folder"
    # Packages inside others are listed by themselves.
    tar -C "$folder" --exclude=./node_modules --exclude=./build/Release/obj.target -cf - . |
      tar -C "$DESTDIR$library/$folder" --no-same-owner -xf -
  done
}

copy_program() {
  rm -rf "$DESTDIR$library"
  mkdir -p "$DESTDIR$library"
  cp -R package.json LICENSE dist "$DESTDIR$library"
  copy_packages
  [ -d "$DESTDIR$library/node_modules" ] || fail 'npm did not list the packages: see "npm ls --omit=dev"'
  chmod -R u=rwX,go=rX "$DESTDIR$library"
  install -d "$DESTDIR$PREFIX/bin"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node" "$library/dist/main.js" > "$DESTDIR$program"
  chmod 755 "$DESTDIR$program"
}

# Copies $1 to $2, with the paths of this installation in place of the usual ones.
copy_text() {
  sed "s|/usr/bin/ptproxy|$program|; s|/usr/share/doc/ptproxy|$documents|" "$1" > "$DESTDIR$2"
  chmod 644 "$DESTDIR$2"
}

copy_service() {
  install -d "$DESTDIR$UNITDIR" "$DESTDIR$documents/examples" "$DESTDIR${sysusers%/*}"
  copy_text systemd/ptproxy@.service "$UNITDIR/ptproxy@.service"
  copy_text systemd/ptproxy@.socket "$UNITDIR/ptproxy@.socket"
  copy_text systemd/ptproxy.sysusers "$sysusers"
  copy_text systemd/credentials.conf "$documents/examples/credentials.conf"
  install -m 644 config/* "$DESTDIR$documents/examples"
  install -m 644 README.md CHANGELOG.md LICENSE docs/*.md "$DESTDIR$documents"
}

# The user that can read the configuration.
make_user() {
  getent passwd ptproxy > /dev/null || systemd-sysusers "$sysusers" 2> /dev/null ||
    useradd --system --user-group --home-dir / --shell /usr/sbin/nologin ptproxy
  install -d -m 750 -g ptproxy /etc/ptproxy
}

tell_systemd() {
  [ ! -d /run/systemd/system ] || systemctl daemon-reload
}

install_all() {
  node=${NODE:-$(command -v node || true)}
  [ -n "$node" ] || fail "there is no node in the PATH; NODE=/path/to/node names another"
  [ -f dist/main.js ] || fail 'there is no dist/main.js: run "npm ci && npm run build" first'
  [ -d node_modules ] || fail 'there is no node_modules: run "npm ci && npm run build" first'
  case $node in
    /home/* | /root/* | /run/user/*) echo "$0: the service cannot see $node in a home directory; set NODE" >&2 ;;
  esac
  [ -d node_modules/sd-notify ] ||
    echo "$0: without sd-notify, which needs g++ and libsystemd-dev, the service does not start" >&2
  copy_program
  copy_service
  [ -n "$DESTDIR" ] || { make_user && tell_systemd; }
  echo "installed $DESTDIR$program"
}

uninstall_all() {
  rm -rf "$DESTDIR$library" "$DESTDIR$documents"
  rm -f "$DESTDIR$program" "$DESTDIR$sysusers"
  rm -f "$DESTDIR$UNITDIR/ptproxy@.service" "$DESTDIR$UNITDIR/ptproxy@.socket"
  [ -n "$DESTDIR" ] || tell_systemd
  echo "removed $DESTDIR$program; /etc/ptproxy and the user ptproxy stay"
}

case ${1:-install} in
  install) install_all ;;
  uninstall) uninstall_all ;;
  *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
