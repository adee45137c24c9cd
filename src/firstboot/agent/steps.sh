# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

# --- steps ---

# NAME OUTCOME TEXT: to the journal and to the appliance, which may have heard it before.
report() {
  case $2 in failed) level=ERROR ;; *) level=INFO ;; esac
  log "$level" "$1" "$2${3:+: $3}"
  tell steps "{\"step\":\"$1\",\"outcome\":\"$2\",\"text\":\"$(json_text "$3")\",\"boot_id\":\"$(json_text "$(boot_id)")\"}"
  told=$?
  # A step that the appliance does not want to hear of is no reason to stop; a token that is void is.
  [ "$told" -ne 4 ] || told=0
  return "$told"
}

# FILE NAME SECONDS: runs it for so long at most. Its exit code is ours; 124: its time was up.
run_limited() {
  mkdir -p "$STATE/log"
  rm -f "$WORK/expired"
  # A process group of its own, so that what it started ends with it.
  group=''
  has setsid && group=1
  if [ -n "$group" ]; then
    setsid "$1" </dev/null >"$STATE/log/$2.log" 2>&1 &
  else
    "$1" </dev/null >"$STATE/log/$2.log" 2>&1 &
  fi
  running=$!
  (
    sleep "$3" && : >"$WORK/expired"
    kill -TERM "${group:+-}$running" 2>/dev/null
    sleep 10
    kill -KILL "${group:+-}$running" 2>/dev/null
  ) >/dev/null 2>&1 &
  watchdog=$!
  wait "$running"
  code=$?
  kill "$watchdog" 2>/dev/null
  wait "$watchdog" 2>/dev/null
  [ ! -e "$WORK/expired" ] || code=124
  return "$code"
}

# The last words of a step, for people.
last_words() {
  tail -n 20 "$STATE/log/$1.log" 2>/dev/null | tail -c 2000
}

# NAME SECONDS TRIES: 0 done, 2 nothing was to be done, 3 failed for good; $text says more.
do_run() {
  try=1
  while :; do
    run_limited "$HOME_DIR/steps/$1" "$1" "$2"
    code=$?
    text=$(last_words "$1")
    case $code in
      0 | 2) return "$code" ;;
      3) return 3 ;;
      124) text="not done within $2 s; $text" ;;
      *) text="ended with $code; $text" ;;
    esac
    [ "$try" -lt "$3" ] || return 3
    report "$1" noted "try $try of $3: $text" || return $?
    pause_before_try "$try"
    try=$((try + 1))
  done
}

# NAME SECONDS EVERY URL [CA-FILE]: until it answers with 200.
do_health() {
  health_end=$(($(uptime_seconds) + $2))
  while :; do
    request GET "$4" '' "${5:-}"
    [ "$status" != 200 ] || {
      text="$4 is healthy"
      return 0
    }
    text="$4 was not healthy within $2 s; $(why_no_answer)"
    [ -n "$client" ] || return 3
    [ "$(uptime_seconds)" -lt "$health_end" ] || return 3
    if [ "$3" -le "$PAUSE_MAX" ]; then sleep "$3"; else sleep "$PAUSE_MAX"; fi
  done
}
