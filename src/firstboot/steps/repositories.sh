# shellcheck shell=sh disable=SC2153,SC2154
# Package repositories of Proxmox VE 8 and 9: the enterprise ones off, the one without subscription on.
# MIRROR: where that one is.
folder=$ROOT/etc/apt/sources.list.d
codename=$(sed -n 's/^VERSION_CODENAME=//p' "$ROOT/etc/os-release")
case $codename in
  bookworm | trixie) ;;
  *) quit 3 "Debian ${codename:-of an unknown name} is neither bookworm (Proxmox VE 8) nor trixie (9)" ;;
esac

for file in "$folder"/*.sources; do
  grep -qs 'enterprise\.proxmox\.com' "$file" || continue
  disabled=$(awk 'BEGIN { RS = ""; ORS = "\n\n" }
    /enterprise\.proxmox\.com/ {
      gsub(/\nEnabled:[^\n]*/, "")
      sub(/^Enabled:[^\n]*\n/, "")
      # Some leave the last line feed of the file in its last paragraph.
      sub(/\n+$/, "")
      $0 = $0 "\nEnabled: no"
    }
    { print }' "$file")
  put 0644 "$file" "$disabled"
done
for file in "$folder"/*.list "$ROOT/etc/apt/sources.list"; do
  grep -qs '^[[:space:]]*deb.*enterprise\.proxmox\.com' "$file" || continue
  put 0644 "$file" "$(sed 's/^[[:space:]]*\(deb.*enterprise\.proxmox\.com\)/# \1/' "$file")"
done

if grep -q '^[[:space:]]*deb.*pve-no-subscription' "$folder"/*.list "$ROOT/etc/apt/sources.list" 2>/dev/null; then
  echo 'the repository without subscription was on already'
else
  for keyring in /usr/share/keyrings/proxmox-archive-keyring.gpg "/etc/apt/trusted.gpg.d/proxmox-release-$codename.gpg"; do
    [ ! -e "$ROOT$keyring" ] || break
  done
  [ -e "$ROOT$keyring" ] || quit 3 'no keyring of Proxmox is here: this is no Proxmox VE'
  put 0644 "$folder/proxmox.sources" "Types: deb
URIs: $MIRROR
Suites: $codename
Components: pve-no-subscription
Signed-By: $keyring"
fi
[ "$CHANGED" = yes ] || quit 2 'the repositories are as they should be'
apt_get update
