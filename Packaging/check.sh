#!/usr/bin/env bash
# Installs each package of .build/package into a bare Debian 12, as whoever gets it would, and runs it there: Packaging/check.sh [PACKAGE...]
#
# PACKAGE: debian, wheel, tarball; all of them where none is named. Root, for chroot and debootstrap; the net, for Debian's packages and numpy.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "check: $*" >&2; exit 1; }
tree=$(Packaging/tree.sh)
version=${tree##*-}
folder=${tree%/*}
bare=$folder/bare
mirror=${MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" = 0 ] || fail 'only root can use chroot'

if [ ! -e "$bare/complete" ]; then
  rm -rf "$bare"
  debootstrap --variant=minbase bookworm "$bare" "$mirror" >"$folder/debootstrap.log" || { tail -5 "$folder/debootstrap.log" >&2; fail 'debootstrap failed'; }
  # The net as it is outside.
  cp /etc/resolv.conf "$bare/etc/resolv.conf"
  mkdir -p "$bare/usr/local/share/ca-certificates" "$bare/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$bare/etc/ssl/certs/outside.crt"
  [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$bare/etc/pip.conf"
  touch "$bare/complete"
fi

root=
leave() {
  [ -z "$root" ] || { umount "$root/proc" "$root/dev/pts" "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$root"; root=; }
}
trap leave EXIT
# A bare system of its own, with the recordings of samples/ and what they are, and one of them as MP3 and Opus, which libraries of libsndfile decode.
enter() {
  leave
  root=$(mktemp -d "$folder/root.XXXXXX")
  cp -a "$bare/." "$root"
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  mount --bind /dev/pts "$root/dev/pts"
  cp -R samples "$root/samples"
  mkdir "$root/coded"
  for kind in mp3 opus; do ffmpeg -v error -i samples/synthetic-hts.ulaw.wav "$root/coded/synthetic.$kind" </dev/null || fail "ffmpeg makes no $kind"; done
}
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# Each model is inside, and no more than once: by a piece of each, from its middle.
models_once() {
  python3 - "$1" <<'END'
import pathlib, sys
binary = pathlib.Path(sys.argv[1]).read_bytes()
models = sorted(pathlib.Path("Models").glob("*.safetensors"))
assert models
for model in models:
    data = model.read_bytes()
    times = binary.count(data[len(data) // 2 : len(data) // 2 + 4096])
    if times != 1:
        sys.exit(f"check: {model} is in {sys.argv[1]} {times} times")
END
}

# The COMMAND inside hears the samples, and what is coded; its page has audio, which takes libopus.
command_works() {
  inside "$1" --version | grep -x "bonafide $version" >/dev/null || fail "$1 does not run"
  inside /samples/check.sh "$1"
  inside sh -c "$1 scan --format csv /coded; $1 scan --format html -o /root/page.html /samples/synthetic-hts.ulaw.wav" >"$root/coded.csv" || [ $? -eq 1 ]
  [ "$(grep -c ',synthetic,' "$root/coded.csv")" = 2 ] || { cat "$root/coded.csv" >&2; fail "$1 does not hear MP3 and Opus"; }
  # The begin of Ogg in base64.
  grep -q T2dnU "$root/root/page.html" || fail "the page of $1 has no audio"
}

check_debian() {
  enter
  cp "$folder"/*.deb "$root/root"
  inside apt-get update -qq
  inside sh -c 'apt-get install -qq --no-install-recommends -y /root/bonafide_*.deb' >/dev/null
  command_works /usr/bin/bonafide
  inside bonafide watch --help >/dev/null
  inside sh -c 'test -e /lib/systemd/system/bonafide-watch.service && test -e /usr/share/man/man1/bonafide-scan.1.gz'
  ! inside grep -q /usr/local /lib/systemd/system/bonafide-serve.service || fail 'a unit names /usr/local'
  models_once "$root/usr/bin/bonafide"

  inside sh -c 'apt-get install -qq --no-install-recommends -y /root/*.deb gcc libc6-dev pkg-config g++ cmake make' >/dev/null
  models_once "$root/usr/lib/x86_64-linux-gnu/libbonafide.so.$version"
  # The shell inside expands.
  # shellcheck disable=SC2016
  inside sh -euc 'cd /root
    cc -O2 $(pkg-config --cflags bonafide) /usr/share/doc/libbonafide-dev/examples/packets.c -o packets $(pkg-config --libs bonafide) -lm
    ./packets </samples/synthetic-hts.ulaw.wav >packets.txt && test -s packets.txt
    mkdir cmake && cat >cmake/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.18)
project(host C CXX)
find_package(Bonafide '"$version"' REQUIRED)
foreach(kind bonafide bonafide-static)
  add_executable(packets-\${kind} /usr/share/doc/libbonafide-dev/examples/packets.c)
  target_link_libraries(packets-\${kind} Bonafide::\${kind} m)
endforeach()
END
    cmake -S cmake -B cmake/build >/dev/null && cmake --build cmake/build >/dev/null
    for kind in bonafide bonafide-static; do cmake/build/packets-$kind </samples/synthetic-hts.ulaw.wav | cmp - packets.txt; done' \
    || fail 'a host in C cannot be built, or does not run'
  python_works python3
  # The sources of the Python part, with the library of Debian.
  inside apt-get install -qq --no-install-recommends -y python3-venv >/dev/null
  cp "$folder/bonafide-$version.tar.gz" "$root/root"
  inside python3 -m venv /root/venv
  inside env PIP_CERT=/etc/ssl/certs/outside.crt /root/venv/bin/pip install -q "/root/bonafide-$version.tar.gz"
  python_works /root/venv/bin/python
  inside rm -r /root/venv
  inside sh -c 'apt-get purge -qq -y bonafide libbonafide0 libbonafide-dev python3-bonafide' >/dev/null
  [ -z "$(inside find / -xdev -name '*bonafide*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/lib/apt/*')" ] || fail 'purge leaves something'
  echo 'check: debian packages: passed'
}

# PYTHON inside hears the samples as the command does.
python_works() {
  inside "$1" -c '
import bonafide
with bonafide.Detector() as detector:
    genuine, spoken = detector.scan("/samples/genuine-en.ulaw.wav"), detector.scan("/samples/synthetic-hts.ulaw.wav")
    coded = [detector.scan("/coded/synthetic." + kind) for kind in ("mp3", "opus")]
print(genuine.parties[0].verdict, spoken.parties[0].verdict)
assert genuine.error is None and genuine.parties[0].verdict != "synthetic", genuine
assert spoken.parties[0].verdict == "synthetic", spoken
assert [result.verdict for result in coded] == ["synthetic", "synthetic"], coded
' || fail "$1 cannot use it"
}

check_wheel() {
  enter
  inside apt-get update -qq
  inside apt-get install -qq --no-install-recommends -y python3-venv python3-pip >/dev/null
  cp "$folder"/bonafide-*.whl "$folder/bonafide-$version.tar.gz" "$root/root"
  for library in libsndfile libsoxr libfftw3f libopenblas; do
    [ -z "$(inside find /usr/lib -name "$library.so*")" ] || fail "the bare system has $library"
  done
  inside python3 -m venv /root/venv
  # Without the library the sources say so.
  inside env PIP_CERT=/etc/ssl/certs/outside.crt /root/venv/bin/pip install "/root/bonafide-$version.tar.gz" >"$root/sdist.log" 2>&1 \
    && fail 'the source distribution needs no library'
  grep -q 'libbonafide.so.0 is missing' "$root/sdist.log" || { cat "$root/sdist.log" >&2; fail 'the source distribution does not say what is missing'; }
  inside sh -c "PIP_CERT=/etc/ssl/certs/outside.crt /root/venv/bin/pip install -q /root/bonafide-*.whl"
  python_works /root/venv/bin/python
  models_once "$(find "$root/root/venv/lib" -path '*bonafide/libbonafide.so')"
  for licence in NOTICE LICENSE.third-party LICENSE.libsndfile1 LICENSE.text-LGPL-2.1; do
    [ -n "$(find "$root/root/venv/lib" -path "*bonafide-*.dist-info/*$licence")" ] || fail "the wheel has no $licence"
  done
  echo 'check: wheel: passed'
}

check_tarball() {
  enter
  tar -C "$root/opt" -xJf "$folder/bonafide-$version-linux-x86_64.tar.xz"
  command_works "/opt/bonafide-$version-linux-x86_64/bin/bonafide"
  models_once "$root/opt/bonafide-$version-linux-x86_64/bin/bonafide"
  for licence in third-party libsndfile1 text-LGPL-2.1; do
    [ -s "$root/opt/bonafide-$version-linux-x86_64/share/doc/licences/LICENSE.$licence" ] || fail "the tarball has no licence of $licence"
  done
  echo 'check: tarball: passed'
}

for package in "${@:-debian wheel tarball}"; do
  for one in $package; do "check_$one"; done
done
