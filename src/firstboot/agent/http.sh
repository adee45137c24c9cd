# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

# --- HTTP ---

# Which program speaks to this address; '': none that could.
choose_client() {
  case $1 in https:*) secure=1 ;; *) secure=0 ;; esac
  if has curl; then
    client=curl
  elif is_gnu_wget; then
    client=wget
  elif [ "$secure" = 0 ] && has wget; then
    client=wget-of-busybox
  elif [ "$secure" = 0 ] && has busybox && busybox wget --help >/dev/null 2>&1; then
    client=busybox
  elif [ "$secure" = 0 ] && has bash; then
    client=bash
  elif [ "$secure" = 1 ] && is_ours "$1" && has openssl; then
    client=openssl
  else
    client=''
  fi
}

is_gnu_wget() {
  has wget || return 1
  case $(wget --version 2>/dev/null | head -n 1) in *GNU*) return 0 ;; esac
  return 1
}

is_ours() {
  case $1 in "$BASE"/*) return 0 ;; esac
  return 1
}

# METHOD URL [BODY [CA-FILE]]: leaves the status in $status (000: no answer), the answer's body in $WORK/body, and its
# header in $WORK/head. Addresses hold a secret, so they stand in files where the program can read one.
request() {
  method=$1
  url=$2
  body=${3:-}
  ca=${4:-}
  status=000
  : >"$WORK/body"
  : >"$WORK/head"
  : >"$WORK/error"
  printf '%s' "$body" >"$WORK/request"
  choose_client "$url"
  case $client in
    curl) by_curl ;;
    wget) by_wget ;;
    wget-of-busybox) by_busybox wget ;;
    busybox) by_busybox busybox wget ;;
    bash | openssl) by_hand ;;
    *) return 1 ;;
  esac
  case $status in [0-9][0-9][0-9]) ;; *) status=000 ;; esac
}

by_curl() {
  {
    printf 'url = "%s"\nrequest = "%s"\n' "$url" "$method"
    [ "$method" = GET ] || printf 'header = "Content-Type: application/json"\ndata-binary = "@%s"\n' "$WORK/request"
    if is_ours "$url" && [ -n "$PIN" ]; then
      # The key is what counts: neither a clock in 1970 nor a name may get in the way.
      printf 'insecure\npinnedpubkey = "sha256//%s"\n' "$PIN"
    elif [ -n "$ca" ]; then
      printf 'cacert = "%s"\n' "$ca"
    fi
  } >"$WORK/config"
  status=$(curl --config "$WORK/config" --silent --show-error --noproxy '*' --connect-timeout 5 --max-time 30 \
    --output "$WORK/body" --dump-header "$WORK/head" --write-out '%{http_code}' 2>"$WORK/error") || :
}

by_wget() {
  printf '%s\n' "$url" >"$WORK/url"
  set -- --no-config --server-response --content-on-error --no-proxy --timeout=30 --tries=1 --max-redirect=0
  [ "$method" = GET ] || set -- "$@" --header='Content-Type: application/json' --post-file="$WORK/request"
  if is_ours "$url" && [ -n "$PIN" ]; then
    set -- "$@" --no-check-certificate --pinnedpubkey="sha256//$PIN"
  elif [ -n "$ca" ]; then
    set -- "$@" --ca-certificate="$ca"
  fi
  wget "$@" --output-document="$WORK/body" --input-file="$WORK/url" 2>"$WORK/head"
  status_from_head
}

by_busybox() {
  # Its own time limit (-T) is what some builds of it crash with (1.35 of Debian 12).
  if has timeout; then set -- timeout 30 "$@"; fi
  set -- "$@" -S -Y off -O "$WORK/body"
  [ "$method" = GET ] || set -- "$@" --header 'Content-Type: application/json' --post-data "$body"
  "$@" "$url" 2>"$WORK/head"
  status_from_head
}

# Without any program for it: HTTP/1.0 over a TCP connection of bash, or a TLS connection of openssl.
by_hand() {
  rest=${url#*://}
  authority=${rest%%/*}
  case $rest in */*) path=/${rest#*/} ;; *) path=/ ;; esac
  case $authority in
    *:*) host=${authority%:*} port=${authority##*:} ;;
    *) host=$authority port=$([ "$secure" = 1 ] && echo 443 || echo 80) ;;
  esac
  {
    printf '%s %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n' "$method" "$path" "$authority"
    [ "$method" = GET ] ||
      printf 'Content-Type: application/json\r\nContent-Length: %s\r\n' "$(wc -c <"$WORK/request" | tr -d ' ')"
    printf '\r\n'
    cat "$WORK/request"
  } >"$WORK/raw-request"
  limited=''
  has timeout && limited='timeout 30'
  if [ "$client" = bash ]; then
    # shellcheck disable=SC2016,SC2086 # the words are for bash; "timeout 30" is two
    HOST=$host PORT=$port ASK="$WORK/raw-request" $limited bash -c \
      'exec 3<>"/dev/tcp/$HOST/$PORT" && cat "$ASK" >&3 && cat <&3' >"$WORK/raw" 2>"$WORK/error"
  else
    # shellcheck disable=SC2086 # "timeout 30" is two words
    $limited openssl s_client -quiet -connect "$host:$port" -CAfile "$CERTIFICATE" -partial_chain \
      -verify_return_error -no_check_time <"$WORK/raw-request" >"$WORK/raw" 2>"$WORK/error"
  fi
  tr -d '\r' <"$WORK/raw" | sed '/^$/q' >"$WORK/head"
  sed '1,/^\r*$/d' "$WORK/raw" >"$WORK/body"
  status_from_head
}

status_from_head() {
  status=$(sed -n 's|.*HTTP/[0-9.]* \([0-9][0-9][0-9]\).*|\1|p' "$WORK/head" | tail -n 1)
  [ -s "$WORK/error" ] || tail -n 3 "$WORK/head" >"$WORK/error"
}

# What went wrong with the last request, in a few words.
why_no_answer() {
  [ "$status" = 000 ] || {
    echo "HTTP status $status: $(head -c 300 "$WORK/body")"
    return
  }
  [ -n "$client" ] || {
    echo 'none of curl, wget, busybox, bash or (for HTTPS) openssl is there to speak HTTP with'
    return
  }
  echo "no answer: $(grep -v '^$' "$WORK/error" | tail -n 1 | head -c 300)"
}

# Seconds that the server asked to be left alone; '': it did not.
retry_after() {
  sed -n 's/^ *[Rr][Ee][Tt][Rr][Yy]-[Aa]fter: *\([0-9]\{1,4\}\)[^0-9]*$/\1/p' "$WORK/head" | tail -n 1
}

# WHAT BODY: tells the appliance. 0: heard. 1: it cannot be reached. 3: refused for good. 4: not in this state.
tell() {
  tell_end=$(($(uptime_seconds) + PATIENCE))
  tell_try=0
  while :; do
    request POST "$BASE/$1/$TOKEN" "$2"
    case $status in
      2??) return 0 ;;
      409) return 4 ;;
      400 | 401 | 403 | 404 | 405 | 410 | 413 | 422) return 3 ;;
    esac
    [ -n "$client" ] || return 3
    [ "$tell_try" -gt 0 ] || log WARN "$1" "the appliance does not take it; $(why_no_answer)"
    wait_asked=$(retry_after)
    if [ -n "$wait_asked" ] && [ "$PAUSE_MAX" -gt 0 ]; then sleep "$wait_asked"; else pause_before_try "$tell_try"; fi
    tell_try=$((tell_try + 1))
    [ "$(uptime_seconds)" -lt "$tell_end" ] || return 1
  done
}
