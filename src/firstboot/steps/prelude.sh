#!/bin/sh
# shellcheck shell=sh disable=SC2034 # the fragments behind it use these
# What every step of ours begins with. Exit codes: 0 done, 1 worth another try, 2 nothing was to be done, 3 never.
set -eu
umask 022
export LC_ALL=C
# Another root than that of the running system, for trying a step out.
ROOT=${BOOTQUEUE_ROOT:-}
STATE=${BOOTQUEUE_AGENT_STATE:-/var/lib/bootqueue-agent}
PROC=${BOOTQUEUE_PROC:-/proc}
SYS=${BOOTQUEUE_SYS:-/sys}
CHANGED=no

has() {
  command -v "$1" >/dev/null 2>&1
}

# CODE WORDS: the last thing that this step says.
quit() {
  printf '%s\n' "$2"
  exit "$1"
}

# MODE PATH TEXT: it becomes that file, whole or not at all; CHANGED says whether it was another before.
put() {
  mkdir -p "${2%/*}"
  printf '%s\n' "$3" >"$2.bootqueue"
  if cmp -s "$2.bootqueue" "$2"; then
    rm -f "$2.bootqueue"
  else
    chmod "$1" "$2.bootqueue"
    mv -f "$2.bootqueue" "$2"
    CHANGED=yes
  fi
}

# The agent reboots when this step is done, and goes on afterwards.
want_reboot() {
  cat "$PROC/sys/kernel/random/boot_id" >"$STATE/reboot-wanted"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o DPkg::Lock::Timeout=300 "$@"
}

# Packages that are not installed yet, by whichever package manager is here.
install_packages() {
  if has apt-get; then
    apt_get update
    apt_get install "$@"
  elif has dnf; then
    dnf -y install "$@"
  elif has zypper; then
    zypper --non-interactive install "$@"
  elif has apk; then
    apk add "$@"
  else
    quit 3 'none of apt-get, dnf, zypper and apk is here to install packages with'
  fi
}
