import { shellWord } from "../std/shell-word.ts";
import { renderFinishScript } from "./finish-script.ts";
import type { KickstartSettings } from "./kickstart-settings.ts";
import type { InstallTarget, Links } from "./kind.ts";
import { keyOwner } from "./linux-accounts.ts";
import { dnsOf, netmaskOf } from "./linux-network.ts";

/** Where Anaconda mounts the installed system. */
const ROOT = "/mnt/sysroot";

/** The kickstart file. Every text in it has passed a schema that lets no quote, line end or `%` through. */
export function renderKickstart(settings: KickstartSettings, target: InstallTarget, links: Links): string {
  const { packages, first_boot } = settings;
  const finish = { root: ROOT, commands: finishCommands(settings), hook: first_boot.phone_home };
  return [
    `# ${target.hostname}.${target.domain}, made by bootqueue.`,
    "text",
    ...sourceLines(settings),
    `lang ${settings.language}`,
    `keyboard --xlayouts=${settings.keyboard}`,
    `timezone ${settings.timezone} --utc`,
    networkLine(settings, target),
    ...accountLines(settings),
    ...storageLines(settings),
    `selinux --${settings.selinux}`,
    settings.firewall ? "firewall --enabled --service=ssh" : "firewall --disabled",
    "firstboot --disable",
    "reboot",
    "",
    "%packages",
    // The finish and the agent fetch with it; who uses sudo needs it.
    ...new Set(["curl", "sudo", "openssh-server", ...packages]),
    "%end",
    "",
    "%pre",
    tell(links, "kickstart", "read; the disk is next"),
    "%end",
    "",
    "%onerror",
    // A text, not a form: the end of the log says why.
    `tail -n 5 /tmp/anaconda.log | curl -fsS -m 20 -H 'Content-Type: text/plain' --data-binary @- ${shellWord(links.plain.failed)}`,
    "%end",
    "",
    "%post --nochroot --erroronfail",
    renderFinishScript(finish, target, links).trimEnd(),
    "%end",
    "",
  ].join("\n");
}

function sourceLines({ repo, repos }: KickstartSettings): string[] {
  return [
    `url --url=${repo}`,
    ...Object.entries(repos).map(([name, url]) => `repo --name=${name} --baseurl=${url} --install`),
  ];
}

function networkLine({ network }: KickstartSettings, target: InstallTarget): string {
  // The NIC that booted, by its address: names differ from one release to the next.
  const nic = `network --device=${target.bootMac} --onboot=yes --activate --hostname=${target.hostname}.${target.domain}`;
  if (network.source === "dhcp") return `${nic} --bootproto=dhcp`;
  const dns = dnsOf(network, target).join(",");
  return `${nic} --bootproto=static --ip=${target.address} --netmask=${netmaskOf(target)} --gateway=${target.router} --nameserver=${dns}`;
}

function accountLines({ identity }: KickstartSettings): string[] {
  const { username, realname, password_hash, root_password_hash, authorized_keys } = identity;
  const password = (hash: string | undefined) => (hash === undefined ? "--lock" : `--iscrypted --password=${hash}`);
  return [
    root_password_hash === undefined ? "rootpw --lock" : `rootpw --iscrypted ${root_password_hash}`,
    ...(username === undefined
      ? []
      : [`user --name=${username} --groups=wheel --gecos="${realname ?? username}" ${password(password_hash)}`]),
    ...authorized_keys.map((key) => `sshkey --username=${keyOwner(identity)} "${key.replaceAll('"', "")}"`),
  ];
}

function storageLines({ storage, installed_kernel_args }: KickstartSettings): string[] {
  const { disk, type, filesystem, home } = storage;
  const drive = disk.replace("/dev/", "");
  const append = installed_kernel_args.trim();
  const options = [
    `--type=${type}`,
    ...(filesystem === undefined ? [] : [`--fstype=${filesystem}`]),
    ...(home ? [] : ["--nohome"]),
  ];
  return [
    `ignoredisk --only-use=${drive}`,
    "zerombr",
    `clearpart --all --initlabel --drives=${drive}`,
    `autopart ${options.join(" ")}`,
    `bootloader${append === "" ? "" : ` --append="${append}"`}`,
  ];
}

function finishCommands({ identity, late_commands, first_boot, selinux }: KickstartSettings): readonly string[] {
  const { username, password_hash } = identity;
  const sudo =
    username === undefined || password_hash !== undefined
      ? []
      : [`umask 337; echo '${username} ALL=(ALL) NOPASSWD: ALL' >${ROOT}/etc/sudoers.d/${username}`];
  // What is written from outside of the system has no label, and SELinux would not let it run.
  const relabel = first_boot.phone_home && selinux !== "disabled" ? [`touch ${ROOT}/.autorelabel`] : [];
  return [...sudo, ...late_commands, ...relabel];
}

function tell(links: Links, step: string, text: string): string {
  const query = `step=${encodeURIComponent(step)}&outcome=noted&text=${encodeURIComponent(text)}`;
  return `curl -fsS -m 20 -o /dev/null ${shellWord(`${links.plain.progress}?${query}`)} || true`;
}
