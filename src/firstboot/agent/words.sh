#!/bin/sh
# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables
# The first-boot agent of bootqueue. It tells the appliance that the machine is up, runs the steps of its profile in
# order, joins its cluster when it is its turn, and tells how each of it went. It may be killed at any moment and run
# again: what is done leaves a mark, and what was told may be told again.
#
#   agent [run]      once; the exit code is one of these:
#                    0  done                        2  it was done before
#                    1  worth another try           3  a person has to look at it
#   agent supervise  again and again until it ends with 0, 2 or 3, where no systemd does that
#
# For dash, ash of busybox, and bash. All waiting is counted by the uptime: the first time sync may move the clock by
# years.
set -u
umask 077
export LC_ALL=C

HOME_DIR=${BOOTQUEUE_AGENT_HOME:-/opt/bootqueue-agent}
STATE=${BOOTQUEUE_AGENT_STATE:-/var/lib/bootqueue-agent}
PROC=${BOOTQUEUE_PROC:-/proc}
SYS=${BOOTQUEUE_SYS:-/sys}
# Longest pause between two tries, in seconds.
PAUSE_MAX=${BOOTQUEUE_PAUSE_MAX:-60}
# How long the appliance may be silent.
PATIENCE=${BOOTQUEUE_PATIENCE:-1800}

# What settings.sh says; here so that it may leave something out.
BASE='' TOKEN='' AGENT_VERSION='' PIN='' CERTIFICATE=''

uptime_seconds() {
  IFS='. ' read -r up_seconds _ <"$PROC/uptime" && echo "$up_seconds"
}

now() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# From 0 to $1 - 1.
random_below() {
  random=$(od -An -N2 -tu2 /dev/urandom 2>/dev/null | tr -d ' \n')
  echo $((${random:-$$} % $1))
}

# Text as it stands between the quotes of a JSON string.
json_text() {
  printf '%s' "$1" | tr -d '\000-\010\013-\037\177' | tr '\t' ' ' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' |
    awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}

# LEVEL OPERATION MESSAGE: one line of JSON; in the journal with its priority in front.
log() {
  case $1 in
    ERROR) priority='<3>' ;;
    WARN) priority='<4>' ;;
    *) priority='<6>' ;;
  esac
  [ -n "${JOURNAL_STREAM:-}" ] || priority=''
  printf '%s{"timestamp":"%s","level":"%s","service":"bootqueue-agent","operation":"%s","message":"%s"}\n' \
    "$priority" "$(now)" "$1" "$2" "$(json_text "$3")"
}

# Standard input becomes a file that is there whole or not at all.
put_file() {
  cat >"$1.new" && sync && mv -f "$1.new" "$1"
}

# A mark with the time in it. It follows what it stands for.
mark() {
  now | put_file "$STATE/$1"
}

is_marked() {
  [ -s "$STATE/$1" ]
}

boot_id() {
  cat "$PROC/sys/kernel/random/boot_id" 2>/dev/null || echo unknown
}

# TRY: full jitter below a limit that doubles from 2 seconds to PAUSE_MAX.
pause_before_try() {
  limit=2
  doublings=$1
  while [ "$doublings" -gt 0 ] && [ "$limit" -lt "$PAUSE_MAX" ]; do
    limit=$((limit * 2))
    doublings=$((doublings - 1))
  done
  [ "$limit" -le "$PAUSE_MAX" ] || limit=$PAUSE_MAX
  [ "$limit" -gt 0 ] || return 0
  sleep $((1 + $(random_below "$limit")))
}
