# shellcheck shell=sh disable=SC2153,SC2154
# Waits until the clock is synchronised: packages, certificates and clusters need the right time. SECONDS_MAX: how long.
if has chronyc; then
  # 0.5 s off is close enough.
  chronyc waitsync $((SECONDS_MAX / 5)) 0.5 0 5 >/dev/null || quit 1 "the clock is not synchronised: $(chronyc tracking | head -n 3 | tr '\n' ' ')"
  exit 0
fi
has timedatectl || quit 2 'neither chrony nor timedatectl is here, so nobody knows whether the clock is right'
waited=0
until [ "$(timedatectl show --property=NTPSynchronized --value)" = yes ]; do
  [ "$waited" -lt "$SECONDS_MAX" ] || quit 1 'the clock is not synchronised'
  sleep 5
  waited=$((waited + 5))
done
