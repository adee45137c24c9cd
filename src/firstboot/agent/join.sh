# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

# --- the cluster ---

# Lines that begin with this word, without it.
answers_of() {
  sed -n "s/^$1 //p" "$WORK/turn"
}

# NAME SECONDS CONFIG-FILE [CA-FILE]: asks for the turn until it has it, and does what the appliance decided.
do_join() {
  waited_for=''
  while :; do
    tell turn "{\"step\":\"$1\"}"
    code=$?
    case $code in
      0) ;;
      # It was given up meanwhile, most likely because it took too long: from the start, then.
      4) return 1 ;;
      *) return "$code" ;;
    esac
    cp "$WORK/body" "$WORK/turn"
    read -r verdict verdict_rest <"$WORK/turn" || verdict=''
    cluster=$(answers_of cluster | tr -cd '0-9A-Za-z-')
    case $verdict in
      member)
        text="it is a member of $cluster already"
        return 2
        ;;
      wait)
        reason=$(answers_of why)
        if [ "$reason" != "$waited_for" ]; then
          report "$1" noted "waits: $reason" || return $?
          waited_for=$reason
        fi
        if [ "${verdict_rest:-10}" -le "$PAUSE_MAX" ]; then sleep $((1 + $(random_below "${verdict_rest:-10}"))); else pause_before_try 9; fi
        ;;
      refused)
        text="the appliance does not let it join: $(answers_of why)"
        # Where it holds the turn, it gives it back.
        join_result 3
        return 3
        ;;
      bootstrap | join)
        take_turn "$1" "$2" "$3" "${4:-}"
        turn_code=$?
        join_result "$turn_code" || return $?
        return "$turn_code"
        ;;
      *)
        text="the appliance gave an answer that this agent does not know: $verdict"
        return 3
        ;;
    esac
  done
}

# What came of it, for the queue, which then lets the next one begin.
join_result() {
  case $1 in 0 | 2) outcome=succeeded ;; *) outcome=failed ;; esac
  tell joined "{\"outcome\":\"$outcome\",\"reason\":\"$(json_text "$text")\"}"
  code=$?
  [ "$code" -ne 4 ] || return 1
  return "$code"
}

# NAME SECONDS CONFIG-FILE CA-FILE
take_turn() {
  join_end=$(($(uptime_seconds) + $2))
  founding=$(answers_of founding)
  if is_marked ".$cluster-initialized" || is_marked ".$cluster-joined"; then
    founding_before=$(cat "$STATE/.$cluster-founding" 2>/dev/null) || founding_before=''
    if [ "$founding" = unknown ] || [ "$founding" = "$founding_before" ]; then
      text="done before"
      return 2
    fi
    text="this system was a member of an earlier cluster $cluster, which was begun anew since; install it again"
    return 3
  fi
  # Its folder is for others too; what is in it is not.
  (umask 022 && mkdir -p "$(dirname "$3")")
  answers_of config | put_file "$3" || {
    text="cannot write $3"
    return 3
  }
  if [ -e "$HOME_DIR/steps/$1" ]; then
    run_limited "$HOME_DIR/steps/$1" "$1" "$2" || {
      text="its start command ended with $?; $(last_words "$1")"
      return 3
    }
  fi
  left=$((join_end - $(uptime_seconds)))
  for health in $(answers_of health); do
    do_health "$1" "$left" 5 "$health" "$4" || return 3
  done
  if [ "$verdict" = bootstrap ]; then
    mark_member initialized || return 1
    text="began cluster $cluster"
    return 0
  fi
  add_member "$4"
}

# initialized or joined, and of which cluster of that name: first that, because the other is the proof.
mark_member() {
  printf '%s\n' "$founding" | put_file "$STATE/.$cluster-founding" && mark ".$cluster-$1"
}

# Asks one member after the other until one has it as a member.
add_member() {
  payload=$(answers_of payload)
  unsure=0
  try=0
  while :; do
    for member in $(answers_of member); do
      # After an answer that was lost: it may be in already.
      if [ "$unsure" = 1 ] && is_listed "$1"; then
        mark_member joined || return 1
        text="member of $cluster, says $member"
        return 0
      fi
      request POST "$member" "$payload" "$1"
      case $status in
        200 | 201)
          mark_member joined || return 1
          text="joined $cluster at $member"
          return 0
          ;;
        409)
          mark_member joined || return 1
          text="$member says that it is a member already"
          return 2
          ;;
        000) unsure=1 ;;
        408 | 425 | 429 | 5??) ;;
        *)
          text="$member refused it; $(why_no_answer)"
          return 3
          ;;
      esac
      text="$member did not take it; $(why_no_answer)"
      [ -n "$client" ] || return 3
    done
    [ "$(uptime_seconds)" -lt "$join_end" ] || return 3
    wait_asked=$(retry_after)
    if [ -n "$wait_asked" ] && [ "$PAUSE_MAX" -gt 0 ]; then sleep "$wait_asked"; else pause_before_try "$try"; fi
    try=$((try + 1))
  done
}

# Whether a list of members, where the cluster has one, names this node.
is_listed() {
  node=$(answers_of node)
  for members in $(answers_of members); do
    request GET "$members" '' "$1"
    [ "$status" = 200 ] && grep -q "\"$node\"" "$WORK/body" && return 0
  done
  return 1
}
