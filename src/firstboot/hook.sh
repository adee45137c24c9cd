#!/bin/sh
# Installs bootqueue's first-boot agent and ends: all waiting and trying again is the agent's. It may be run any number
# of times, in the installed system or, with BOOTQUEUE_ROOT, on one that is mounted there and not running.
set -u
umask 077
root=${BOOTQUEUE_ROOT:-}
agent_home=/opt/bootqueue-agent

say() {
  printf 'bootqueue: %s\n' "$1"
}

# MODE PATH: standard input becomes that file, whole or not at all.
put() {
  (umask 022 && mkdir -p "$root${2%/*}") || exit 1
  cat >"$root$2.new" && chmod "$1" "$root$2.new" && mv -f "$root$2.new" "$root$2" && return
  say "cannot write $root$2"
  exit 1
}

# Starts the agent with the system from now on, and at once where the system is running.
enable_agent() {
  if has_systemd; then
    (umask 022 && mkdir -p "$root/etc/systemd/system/multi-user.target.wants") &&
      ln -sf ../bootqueue-agent.service "$root/etc/systemd/system/multi-user.target.wants/bootqueue-agent.service" ||
      exit 1
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
      systemctl daemon-reload
      # Whoever starts us may be a unit itself: waiting for another one could wait for ever.
      systemctl start --no-block bootqueue-agent.service
    fi
  elif [ -e "$root/sbin/openrc-run" ]; then
    (umask 022 && mkdir -p "$root/etc/runlevels/default") &&
      ln -sf /etc/init.d/bootqueue-agent "$root/etc/runlevels/default/bootqueue-agent" || exit 1
    if [ -z "$root" ] && [ -d /run/openrc ]; then rc-service bootqueue-agent start; fi
  elif [ -z "$root" ]; then
    say 'neither systemd nor OpenRC is here: the agent runs in the background now, and is not started at a later boot'
    mkdir -p /var/lib/bootqueue-agent
    (trap '' HUP && exec sh "$agent_home/agent" supervise) </dev/null >>/var/lib/bootqueue-agent/agent.log 2>&1 &
  else
    say "neither systemd nor OpenRC is in $root: nothing will start the agent"
    exit 1
  fi
}

has_systemd() {
  [ -d "$root/run/systemd/system" ] || [ -e "$root/lib/systemd/systemd" ] || [ -e "$root/usr/lib/systemd/systemd" ]
}
