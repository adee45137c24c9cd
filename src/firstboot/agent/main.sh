# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

# --- from the start to the end ---

# One line of the list of steps: NAME KIND and what that kind wants.
do_step() {
  name=$1
  kind=$2
  shift 2
  if is_marked "$name.done"; then
    # The mark may be there and the report not.
    is_marked "$name.told" && return 0
    report "$name" succeeded '' || return $?
    mark "$name.told"
    return 0
  fi
  report "$name" started '' || return $?
  text=''
  case $kind in
    run) do_run "$name" "$@" ;;
    health) do_health "$name" "$@" ;;
    join) do_join "$name" "$@" ;;
    *)
      text="this agent knows no step of the kind $kind"
      false
      ;;
  esac
  code=$?
  case $code in
    0) outcome=succeeded ;;
    2) outcome=skipped ;;
    1) return 1 ;;
    *)
      report "$name" failed "$text"
      give_up "step $name: $text"
      return 3
      ;;
  esac
  mark "$name.done" || return 1
  report "$name" "$outcome" "$text" || return $?
  mark "$name.told"
  reboot_if_wanted "$name"
}

# A step that needs a reboot leaves the boot's id in this file.
reboot_if_wanted() {
  [ -e "$STATE/reboot-wanted" ] || return 0
  [ "$(cat "$STATE/reboot-wanted")" = "$(boot_id)" ] || {
    rm -f "$STATE/reboot-wanted"
    return 0
  }
  report "$1" noted 'reboots, and goes on afterwards' || return $?
  sync
  systemctl --no-block reboot 2>/dev/null || reboot
  # Systemd ends us on its way down; otherwise we are started again, and ask again.
  sleep "$PAUSE_MAX"
  return 1
}

# REASON: tells the appliance that this first boot has failed.
give_up() {
  log ERROR agent "$1"
  tell phone-home "$(phone_body failed "$(printf '%s' "$1" | head -c 480)")"
}

# One at a time. A lock of an earlier boot, or of a process that is gone, counts for nothing.
take_lock() {
  if [ -e "$STATE/lock" ]; then
    read -r lock_pid lock_boot <"$STATE/lock" || lock_pid='' lock_boot=''
    if [ "$lock_boot" = "$(boot_id)" ] && [ -n "$lock_pid" ] && [ "$lock_pid" != $$ ] && kill -0 "$lock_pid" 2>/dev/null &&
      tr '\0' ' ' <"/proc/$lock_pid/cmdline" 2>/dev/null | grep -q agent; then
      log WARN agent "another one is running with process id $lock_pid"
      return 1
    fi
  fi
  echo "$$ $(boot_id)" | put_file "$STATE/lock"
}

run_all() {
  mkdir -p "$STATE" || return 1
  if is_marked 'done'; then return 2; fi
  # shellcheck source=/dev/null # written by the hook
  . "$HOME_DIR/settings.sh" || return 3
  if [ -z "$BASE" ] || [ -z "$TOKEN" ] || [ ! -r "$HOME_DIR/steps.list" ]; then
    log ERROR agent "$HOME_DIR holds no settings that can be used"
    return 3
  fi
  [ ! -r "$HOME_DIR/certificate.pem" ] || CERTIFICATE=$HOME_DIR/certificate.pem
  take_lock || return 1
  WORK=$STATE/work
  export BOOTQUEUE_AGENT_STATE="$STATE" BOOTQUEUE_PROC="$PROC" BOOTQUEUE_SYS="$SYS"
  rm -rf "$WORK"
  mkdir -p "$WORK" || return 1
  choose_client "$BASE/"
  status=000
  [ -n "$client" ] || {
    log ERROR agent "$(why_no_answer)"
    return 3
  }
  tell phone-home "$(phone_body started)"
  code=$?
  case $code in
    0) ;;
    1) return 1 ;;
    *)
      log ERROR phone-home "the appliance refuses it; $(why_no_answer)"
      return 3
      ;;
  esac
  # Killed after the step that wants it, it has not come yet.
  reboot_if_wanted reboot || return $?
  # Not a pipe: its loop would be a process of its own.
  while read -r line <&4; do
    [ -n "$line" ] || continue
    # shellcheck disable=SC2086 # the words of the line
    do_step $line
    code=$?
    [ "$code" -eq 0 ] || return "$code"
  done 4<"$HOME_DIR/steps.list"
  tell phone-home "$(phone_body finished)"
  code=$?
  case $code in
    0 | 4) ;;
    *) return "$code" ;;
  esac
  mark 'done' || return 1
  log INFO agent 'done'
  rm -rf "$WORK"
}

case ${1:-run} in
  run)
    run_all
    exit $?
    ;;
  supervise)
    pause=20
    while :; do
      sh "$0" run
      code=$?
      [ "$code" -eq 1 ] || exit "$code"
      sleep "$pause"
    done
    ;;
  *)
    echo "usage: ${0##*/} [run|supervise]" >&2
    exit 3
    ;;
esac
