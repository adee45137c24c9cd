# shellcheck shell=sh disable=SC2153,SC2154
# Settings of the kernel, now and at every boot. VALUES: lines of "key = value".
file=$ROOT/etc/sysctl.d/90-bootqueue.conf
put 0644 "$file" "$VALUES"
sysctl -p "$file"
