import { shellWord } from "../std/shell-word.ts";
import { keyBodyOf } from "./key-line.ts";
import type { KeyChange } from "./node.ts";

/**
 * What is run on a Proxmox node: POSIX sh, with nothing but what every node has. Each starts in `/`, because a shell
 * that stands below `/etc/pve` hangs when a join takes that file system away under it.
 */

const JOB = "/run/bootqueue-join";

/** Lines `WORD VALUE`, then a line `log` and the end of the job's output. */
export const LOOK = `cd /; LC_ALL=C; export LC_ALL
echo "name $(hostname)"
for f in /etc/corosync/authkey /etc/corosync/corosync.conf /etc/pve/corosync.conf; do
  if [ -e "$f" ]; then echo "leftover $f"; fi
done
if [ -r /root/.ssh/id_rsa.pub ]; then echo "rootkey $(head -n 1 /root/.ssh/id_rsa.pub)"; fi
c=/etc/pve/local/pveproxy-ssl.pem
[ -e "$c" ] || c=/etc/pve/local/pve-ssl.pem
if [ -r "$c" ]; then echo "fingerprint $(openssl x509 -in "$c" -noout -fingerprint -sha256 2>/dev/null | sed 's/.*=//')"; fi
if [ -e ${JOB}/code ]; then echo "job ended $(cat ${JOB}/code)"
elif [ -e ${JOB}/pid ] && kill -0 "$(cat ${JOB}/pid)" 2>/dev/null; then echo "job running"
elif [ -e ${JOB}/log ]; then echo "job died"
else echo "job none"; fi
echo "status $(timeout 20 pvesh get /cluster/status --output-format json 2>/dev/null | tr -d '\\n')"
echo log
if [ -e ${JOB}/log ]; then tail -c 4000 ${JOB}/log; fi
exit 0
`;

/** The first line of standard input is handed on to the command, so that a password never stands in a command line. */
export function startJobScript(argv: readonly string[]): string {
  return `cd /; umask 077
if [ -e ${JOB}/pid ] && [ ! -e ${JOB}/code ] && kill -0 "$(cat ${JOB}/pid)" 2>/dev/null; then exit 0; fi
rm -rf ${JOB} && mkdir ${JOB} || exit 1
IFS= read -r secret || :
{ printf '%s\\n' "$secret" | setsid sh -c 'echo $$ >${JOB}/pid; "$@"; c=$?; echo $c >${JOB}/code.new; mv ${JOB}/code.new ${JOB}/code' job ${argv.map(shellWord).join(" ")}; } >${JOB}/log 2>&1 &
n=0
while [ ! -e ${JOB}/pid ] && [ $n -lt 10 ]; do sleep 1; n=$((n + 1)); done
[ -e ${JOB}/pid ]
`;
}

export const CLEAR_JOB = `rm -rf ${JOB}\n`;

/** No key has this for a body: so that there is always a pattern. */
const NO_KEY = "bootqueue-no-such-key";

/**
 * `/root/.ssh/authorized_keys` is a link to the cluster's file once a node has started for the first time; what the
 * installer wrote there is kept beside it under `.org`. A new file takes the place of the old one in its own folder:
 * `sed -i` would replace the link. The last line tells how many of the removed keys are left.
 */
export function editKeysScript({ add, remove }: KeyChange): string {
  const bodies = remove.map(keyBodyOf).filter((body) => body !== "");
  const patterns = [NO_KEY, ...bodies].map((body) => `-e ${shellWord(body)}`).join(" ");
  const added = add
    .map(
      (line) =>
        `    grep -q -F -e ${shellWord(keyBodyOf(line))} "$t" || printf '%s\\n' ${shellWord(line)} >>"$t" || return 1`,
    )
    .join("\n");
  return `cd /; umask 077
seen=
edit() {
  [ -e "$1" ] || return 0
  f=$(readlink -f "$1")
  case "$seen" in *"|$f|"*) return 0 ;; esac
  seen="$seen|$f|"
  t="$f.bootqueue.$$"
  grep -v -F ${patterns} "$f" >"$t"
  [ $? -le 1 ] || return 1
  if [ "$2" = all ]; then
    :
${added}
  fi
  if cmp -s "$t" "$f"; then rm -f "$t"; else mv -f "$t" "$f"; fi
}
if [ -d /etc/pve/priv ]; then main=/etc/pve/priv/authorized_keys; else main=/root/.ssh/authorized_keys; fi
[ -e "$main" ] || ${add.length === 0 ? ":" : ': >"$main"'}
edit "$main" all || exit 1
edit /root/.ssh/authorized_keys less || exit 1
edit /root/.ssh/authorized_keys.org less || exit 1
echo "left $(cat "$main" /root/.ssh/authorized_keys /root/.ssh/authorized_keys.org 2>/dev/null | grep -c -F ${patterns})"
`;
}

const KNOWN_HOSTS = "/root/.ssh/known_hosts";

export function trustScript(address: string, hostKeys: readonly string[], mark: string): string {
  const lines = hostKeys.map((line) => {
    const [type = "", body = ""] = line.trim().split(/\s+/);
    return shellWord(`${address} ${type} ${body} ${mark}`);
  });
  return `${distrustScript(mark)}umask 077; mkdir -p /root/.ssh && printf '%s\\n' ${lines.join(" ")} >>${KNOWN_HOSTS}\n`;
}

export function distrustScript(mark: string): string {
  const beside = `${KNOWN_HOSTS}.bootqueue`;
  return `cd /; if [ -e ${KNOWN_HOSTS} ]; then grep -v -F -e ${shellWord(mark)} ${KNOWN_HOSTS} >${beside}; if [ $? -le 1 ]; then cat ${beside} >${KNOWN_HOSTS}; fi; rm -f ${beside}; fi
`;
}

/** `pvecm delnode` may complain that corosync knows the node no longer: that is no failure; the status tells. */
export function removeMemberScript(name: string): string {
  const node = shellWord(name);
  return `cd /; umask 077; LC_ALL=C; export LC_ALL
pvecm delnode ${node} 2>&1
rm -rf /etc/pve/nodes/${node}
for f in /etc/pve/priv/authorized_keys /etc/pve/priv/known_hosts; do
  [ -e "$f" ] || continue
  grep -v -e ' root@'${node}'$' -e '^'${node}'[, ]' "$f" >"$f.bootqueue.$$"
  if [ $? -le 1 ]; then mv -f "$f.bootqueue.$$" "$f"; else rm -f "$f.bootqueue.$$"; fi
done
exit 0
`;
}
