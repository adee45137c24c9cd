# shellcheck shell=sh disable=SC2154,SC2086 # settings stand in front; names are words
# Packages from the distribution's repositories. PACKAGES: names. UPGRADE: yes, no.
if [ "$UPGRADE" = yes ]; then
  if has apt-get; then
    apt_get update
    # Proxmox VE must never be upgraded without the freedom to change packages.
    apt_get dist-upgrade
  elif has dnf; then
    dnf -y upgrade
  elif has zypper; then
    zypper --non-interactive update
  elif has apk; then
    apk upgrade
  fi
fi
if [ -n "$PACKAGES" ]; then install_packages $PACKAGES; fi
