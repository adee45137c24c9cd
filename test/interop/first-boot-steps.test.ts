import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { renderFirstBootHook } from "../../src/firstboot/render-hook.ts";
import { stepOf } from "../support/first-boot-step.ts";
import { LINKS, TARGET } from "../support/proxmox-profile.ts";
import { STEP_SHELLS, StepRoot } from "../support/step-root.ts";

const FIRSTBOOT = fileURLToPath(new URL("../../src/firstboot/", import.meta.url));

const ENTERPRISE_9 = `Types: deb
URIs: https://enterprise.proxmox.com/debian/pve
Suites: trixie
Components: pve-enterprise
Signed-By: /usr/share/keyrings/proxmox-archive-keyring.gpg
`;
const CEPH_9 = `# two of them
Types: deb
URIs: https://enterprise.proxmox.com/debian/ceph-squid
Suites: trixie
Components: enterprise
Enabled: yes

Types: deb
URIs: http://download.proxmox.com/debian/ceph-squid
Suites: trixie
Components: no-subscription
`;
const INTERFACES = `auto lo
iface lo inet loopback

iface eno1 inet manual

auto vmbr0
iface vmbr0 inet static
\taddress 10.10.1.21/24
\tgateway 10.10.1.1
\tbridge-ports eno1
\tbridge-stp off
\tbridge-fd 0

iface eno3 inet manual


source /etc/network/interfaces.d/*
`;

/** Ceph as its own tools show it, kept in the folder. */
const PVECEPH = `
case "$1 $2" in
  'install '*) mkdir -p "$R/usr/bin"; : >"$R/usr/bin/ceph-mon"; chmod 755 "$R/usr/bin/ceph-mon"; head -n 1 ;;
  'init '*) mkdir -p "$R/etc/pve"; printf '[global]\\n\\tfsid = 1\\n' >"$R/etc/pve/ceph.conf" ;;
  'mon create') printf '[mon.pve1]\\n' >>"$R/etc/pve/ceph.conf"; mkdir -p "$R/var/lib/ceph/mgr/ceph-pve1" ;;
  'osd create') echo "$3" >>"$R/osds" ;;
esac`;

for (const shell of STEP_SHELLS) {
  describe(`in ${shell}, the step`, () => {
    let root: StepRoot;
    const open = (files: Readonly<Record<string, string>> = {}) => {
      root = new StepRoot(shell, files);
    };
    afterEach(() => root.remove());

    test("repositories switches the enterprise ones of Proxmox VE 9 off and the other one on, once", () => {
      open({
        "etc/os-release": "ID=debian\nVERSION_CODENAME=trixie\n",
        "usr/share/keyrings/proxmox-archive-keyring.gpg": "",
        "etc/apt/sources.list.d/pve-enterprise.sources": ENTERPRISE_9,
        "etc/apt/sources.list.d/ceph.sources": CEPH_9,
        "etc/apt/sources.list.d/debian.sources": "Types: deb\nURIs: http://deb.debian.org/debian\n",
      });
      root.program("apt-get");
      const first = root.run({ type: "repositories" });
      assert.equal(first.code, 0, first.output);
      assert.equal(root.read("etc/apt/sources.list.d/pve-enterprise.sources"), `${ENTERPRISE_9}Enabled: no\n`);
      assert.equal(
        root.read("etc/apt/sources.list.d/ceph.sources"),
        CEPH_9.replace("Enabled: yes\n", "").replace(
          "Components: enterprise\n",
          "Components: enterprise\nEnabled: no\n",
        ),
      );
      assert.equal(
        root.read("etc/apt/sources.list.d/proxmox.sources"),
        "Types: deb\nURIs: http://download.proxmox.com/debian/pve\nSuites: trixie\nComponents: pve-no-subscription\nSigned-By: /usr/share/keyrings/proxmox-archive-keyring.gpg\n",
      );
      assert.equal(root.modeOf("etc/apt/sources.list.d/proxmox.sources"), "644");
      assert.equal(root.calls().length, 1);
      const again = root.run({ type: "repositories" });
      assert.equal(again.code, 2, again.output);
      assert.deepEqual(root.calls(), []);
    });

    test("repositories does the same for the one-line files of Proxmox VE 8", () => {
      open({
        "etc/os-release": "VERSION_CODENAME=bookworm\n",
        "etc/apt/trusted.gpg.d/proxmox-release-bookworm.gpg": "",
        "etc/apt/sources.list": "deb http://deb.debian.org/debian bookworm main\n",
        "etc/apt/sources.list.d/pve-enterprise.list":
          "deb https://enterprise.proxmox.com/debian/pve bookworm pve-enterprise\n",
        "etc/apt/sources.list.d/ceph.list":
          "# deb http://x\ndeb https://enterprise.proxmox.com/debian/ceph-quincy bookworm enterprise\n",
      });
      root.program("apt-get");
      assert.equal(root.run({ type: "repositories" }).code, 0);
      assert.equal(
        root.read("etc/apt/sources.list.d/pve-enterprise.list"),
        "# deb https://enterprise.proxmox.com/debian/pve bookworm pve-enterprise\n",
      );
      assert.match(root.read("etc/apt/sources.list.d/ceph.list"), /^# deb http:\/\/x\n# deb https:\/\/enterprise/);
      assert.match(
        root.read("etc/apt/sources.list.d/proxmox.sources"),
        /Signed-By: \/etc\/apt\/trusted\.gpg\.d\/proxmox-release-bookworm\.gpg/,
      );
      assert.equal(root.run({ type: "repositories" }).code, 2);
    });

    test("repositories gives up on what is no Proxmox VE that it knows", () => {
      open({ "etc/os-release": "VERSION_CODENAME=noble\n" });
      const { code, output } = root.run({ type: "repositories" });
      assert.equal(code, 3);
      assert.match(output, /Debian noble is neither bookworm/);
    });

    test("packages upgrades and installs without a question", () => {
      open();
      root.program("apt-get", '[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 9');
      assert.equal(root.run({ type: "packages", names: ["chrony", "ifupdown2"], upgrade: true }).code, 0);
      const calls = root.calls().map((call) => call.replace(/ -o \S+/g, ""));
      assert.deepEqual(calls, [
        "apt-get -y update",
        "apt-get -y dist-upgrade",
        "apt-get -y update",
        "apt-get -y install chrony ifupdown2",
      ]);
      root.program("apt-get", "exit 100");
      assert.equal(root.run({ type: "packages", names: ["chrony"] }).code, 100);
    });

    test("packages uses the package manager that is there", () => {
      open();
      root.program("dnf");
      assert.equal(root.run({ type: "packages", names: ["chrony"] }).code, 0);
      assert.deepEqual(root.calls(), ["dnf -y install chrony"]);
    });

    test("network makes a bridge and sets the MTU of both, and leaves all else as it is", () => {
      open({
        "etc/network/interfaces": INTERFACES,
        "sys/class/net/eno1/mtu": "1500\n",
        "sys/class/net/eno3/mtu": "1500\n",
      });
      root.program(
        "ifreload",
        'mkdir -p "$R/sys/class/net/vmbr1"; echo 9000 >"$R/sys/class/net/eno3/mtu"; echo 9000 >"$R/sys/class/net/vmbr1/mtu"',
      );
      const step = { type: "network", port: "eno3", subnet: "10.10.2.0/24" };
      const first = root.run(step);
      assert.equal(first.code, 0, first.output);
      const wanted = INTERFACES.replace(
        "iface eno3 inet manual\n\n\n",
        "iface eno3 inet manual\n\tmtu 9000\n\nauto vmbr1\niface vmbr1 inet static\n\taddress 10.10.2.21/24\n\tbridge-ports eno3\n\tbridge-stp off\n\tbridge-fd 0\n\tmtu 9000\n\n",
      );
      assert.equal(root.read("etc/network/interfaces"), wanted);
      assert.deepEqual(root.calls(), ["ifreload -a"]);
      assert.equal(root.run(step).code, 2);
      assert.equal(root.read("etc/network/interfaces"), wanted);
      assert.deepEqual(root.calls(), []);
    });

    test("network does not take the port that the machine is reached through, nor one that is not there", () => {
      open({ "etc/network/interfaces": INTERFACES, "sys/class/net/eno1/mtu": "1500\n" });
      const taken = root.run({ type: "network", port: "eno1", subnet: "10.10.2.0/24" });
      assert.equal(taken.code, 3);
      assert.match(taken.output, /eno1 belongs to vmbr0 already/);
      const missing = root.run({ type: "network", port: "eno9", subnet: "10.10.2.0/24" });
      assert.equal(missing.code, 1);
      assert.match(missing.output, /there is no NIC eno9 here; these are: eno1/);
      assert.equal(root.read("etc/network/interfaces"), INTERFACES);
    });

    test("network says so when the MTU does not come", () => {
      open({ "etc/network/interfaces": INTERFACES, "sys/class/net/eno3/mtu": "1500\n" });
      root.program("ifreload");
      const { code, output } = root.run({ type: "network", port: "eno3", subnet: "10.10.2.0/24" });
      assert.equal(code, 1);
      assert.match(output, /eno3 has MTU 1500 instead of 9000/);
    });

    for (const { what, status, vendor, file, text, calls } of [
      {
        what: "GRUB on an Intel machine",
        status: "exit 1",
        vendor: "GenuineIntel",
        file: "etc/default/grub.d/bootqueue-iommu.cfg",
        text: 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on iommu=pt"\n',
        calls: ["proxmox-boot-tool status", "update-initramfs -u -k all", "update-grub"],
      },
      {
        what: "systemd-boot on an AMD machine",
        status: "echo '8357-FBD5 is configured with: uefi (versions: 6.14)'",
        vendor: "AuthenticAMD",
        file: "etc/kernel/cmdline",
        text: "root=ZFS=rpool/ROOT/pve-1 boot=zfs iommu=pt\n",
        calls: ["proxmox-boot-tool status", "update-initramfs -u -k all", "proxmox-boot-tool refresh"],
      },
      {
        what: "both, where proxmox-boot-tool looks after both",
        status: "echo 'A is configured with: uefi (versions: 6.14), grub (versions: 6.14)'",
        vendor: "AuthenticAMD",
        file: "etc/default/grub.d/bootqueue-iommu.cfg",
        text: 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT iommu=pt"\n',
        calls: ["proxmox-boot-tool status", "update-initramfs -u -k all", "update-grub", "proxmox-boot-tool refresh"],
      },
    ]) {
      test(`iommu tells ${what}, and wants a reboot until the kernel runs with it`, () => {
        open({
          "proc/cpuinfo": `processor\t: 0\nvendor_id\t: ${vendor}\n`,
          "proc/cmdline": "BOOT_IMAGE=/vmlinuz quiet\n",
          "etc/kernel/cmdline": "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n",
        });
        root.program("proxmox-boot-tool", `[ "$1" != status ] || { ${status}; }`);
        root.program("update-initramfs");
        root.program("update-grub");
        const first = root.run({ type: "iommu" });
        assert.equal(first.code, 0, first.output);
        assert.equal(root.read(file), text);
        assert.deepEqual(root.calls(), calls);
        assert.equal(root.read("state/reboot-wanted"), "boot-1\n");
        // As if it had been killed before the loader was told.
        assert.equal(root.run({ type: "iommu" }).code, 0);
        assert.deepEqual(root.calls(), calls);
        assert.equal(root.read(file), text);
        root.write({ "proc/cmdline": "quiet intel_iommu=on iommu=pt\n" });
        assert.equal(root.run({ type: "iommu" }).code, 2);
        assert.deepEqual(root.calls(), ["proxmox-boot-tool status"]);
      });
    }

    test("sysctl writes its values and loads them", () => {
      open();
      root.program("sysctl");
      const values = { "net.core.rmem_max": 16777216, "vm.swappiness": "10" };
      assert.equal(root.run({ type: "sysctl", values }).code, 0);
      assert.equal(root.read("etc/sysctl.d/90-bootqueue.conf"), "net.core.rmem_max = 16777216\nvm.swappiness = 10\n");
      assert.match(root.calls().join(), /^sysctl -p .*90-bootqueue\.conf$/);
    });

    test("node-exporter installs it once and lets it listen where it should", () => {
      open();
      root.program("systemctl");
      root.program(
        "apt-get",
        '[ "$(echo "$*" | grep -c install)" = 0 ] || printf "#!/bin/sh\\n" >"$R/tools/prometheus-node-exporter"; chmod 755 "$R"/tools/prometheus-node-exporter 2>/dev/null || :',
      );
      assert.equal(root.run({ type: "node-exporter", listen: "10.10.1.21:9100" }).code, 0);
      assert.equal(root.read("etc/default/prometheus-node-exporter"), 'ARGS="--web.listen-address=10.10.1.21:9100"\n');
      assert.equal(root.calls().filter((call) => call.includes(" install ")).length, 1);
      assert.equal(root.run({ type: "node-exporter", listen: "10.10.1.21:9100" }).code, 0);
      assert.deepEqual(root.calls(), [
        "systemctl enable prometheus-node-exporter.service",
        "systemctl restart prometheus-node-exporter.service",
      ]);
    });

    test("cluster-options gives each value as one argument", () => {
      open();
      root.program("pvesh", 'for word in "$@"; do echo "word $word" >>"$R/calls"; done');
      const values = { migration: "network=10.10.2.0/24,type=secure", description: "a rack of our's; $HOME" };
      assert.equal(root.run({ type: "cluster-options", values }).code, 0);
      assert.deepEqual(root.calls().slice(1), [
        "word set",
        "word /cluster/options",
        "word --migration",
        "word network=10.10.2.0/24,type=secure",
        "word --description",
        "word a rack of our's; $HOME",
      ]);
    });

    describe("ceph", () => {
      beforeEach(() => {
        open({ "dev-one": "", "dev-two": "" });
        root.program("pveceph", PVECEPH);
        root.program("hostname", "echo pve1");
        root.program("ceph", 'echo \'{"available":true,"standbys":[{"gid":7}]}\'');
        root.program("wipefs", '[ ! -e "$R/data" ] || echo ext4');
        root.program(
          "ceph-volume",
          'case "$1 $2" in "lvm list") grep -qsx "$3" "$R/osds" ;; "lvm zap") rm -f "$R/data" ;; esac',
        );
      });

      // Only its form is looked at; there is no such disk here.
      const step = (more: Record<string, unknown> = {}) => ({
        type: "ceph",
        network: "10.10.2.0/24",
        disks: ["/dev/null"],
        ...more,
      });

      test("installs, begins, adds a monitor and the disks that are named; again it does nothing", () => {
        const first = root.run(step({ cluster_network: "10.10.3.0/24" }));
        assert.equal(first.code, 0, first.output);
        assert.deepEqual(
          root.calls().filter((call) => call.startsWith("pveceph")),
          [
            "pveceph install --repository no-subscription --version squid",
            "pveceph init --network 10.10.2.0/24 --cluster-network 10.10.3.0/24",
            "pveceph mon create",
            "pveceph osd create /dev/null",
          ],
        );
        assert.equal(root.run(step({ cluster_network: "10.10.3.0/24" })).code, 0);
        assert.deepEqual(
          root.calls().filter((call) => call.startsWith("pveceph")),
          [],
        );
      });

      test("touches no disk with something on it, unless it was told to", () => {
        root.write({ data: "" });
        const refused = root.run(step());
        assert.equal(refused.code, 3, refused.output);
        assert.match(refused.output, /\/dev\/null is not empty \(ext4 \)/);
        assert.equal(root.has("osds"), false);
        root.calls();
        assert.equal(root.run(step({ wipe: true })).code, 0);
        assert.deepEqual(
          root.calls().filter((call) => /zap|osd create/.test(call)),
          ["ceph-volume lvm zap /dev/null --destroy", "pveceph osd create /dev/null"],
        );
      });

      test("makes no more monitors than it should, and names the disk that is missing", () => {
        root.write({ "etc/pve/ceph.conf": "[global]\n\tfsid = 1\n[mon.a]\n[mon.b]\n[mon.c]\n" });
        const { code, output } = root.run(step({ disks: ["/dev/disk/by-id/gone"] }));
        assert.equal(code, 3);
        assert.match(output, /there is no \/dev\/disk\/by-id\/gone here/);
        assert.equal(
          root.calls().some((call) => call.includes("mon create")),
          false,
        );
      });
    });

    test("time waits until the clock is right", () => {
      open();
      root.program(
        "timedatectl",
        'n=$(cat "$R/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$R/n"; [ "$n" -ge 2 ] && echo yes || echo no',
      );
      root.program("sleep");
      assert.equal(root.run({ type: "time" }).code, 0);
      assert.equal(root.calls().filter((call) => call.startsWith("timedatectl")).length, 3);
    });
  });
}

describe("shellcheck finds nothing", () => {
  const check = (text: string) => {
    const { error, stdout } = spawnSync("shellcheck", ["--shell=sh", "-"], { input: text, encoding: "utf8" });
    assert.equal(error, undefined, "shellcheck must be installed");
    assert.equal(stdout, "");
  };

  for (const folder of ["agent", "steps", "."]) {
    for (const name of readdirSync(`${FIRSTBOOT}${folder}`).filter((file) => file.endsWith(".sh"))) {
      test(`in ${folder}/${name}`, () => {
        const { error, stdout } = spawnSync("shellcheck", [`${FIRSTBOOT}${folder}/${name}`], { encoding: "utf8" });
        assert.equal(error, undefined, "shellcheck must be installed");
        assert.equal(stdout, "");
      });
    }
  }

  test("in the hook as it is served", () => {
    const steps = [
      stepOf({ type: "join" }),
      stepOf({ type: "ceph", network: "10.10.2.0/24" }),
      stepOf({ type: "iommu" }),
    ];
    check(renderFirstBootHook({ steps }, TARGET, LINKS));
  });
});
