import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Lab } from "../support/lab/lab.ts";
import { SystemdContainer } from "../support/lab/systemd-container.ts";

// What scripts/install and the units promise, under a real systemd, on a host with two networks.
// The tests follow each other in one container, as the days of an appliance do.

let lab: Lab;
let container: SystemdContainer;

before(async () => {
  execFileSync("npm", ["run", "build"], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "inherit", "inherit"],
  });
  lab = new Lab({ home: true });
  lab.run("gw", ["ip", "route", "add", "default", "via", "192.168.77.1"]);
  for (const [role, bridge] of [
    ["pxe", "lan"],
    ["neighbour", "home"],
  ] as const) {
    lab.addNamespace(role);
    lab.connect(role, "eth0", bridge, null);
  }
  container = new SystemdContainer(lab, "gw");
  await container.boot();
});

after(async () => {
  await container?.close();
  lab?.close();
});

describe("bootqueue under systemd", () => {
  test("scripts/install finds the boot network by itself, and the daemon runs when it is done", () => {
    const said = container.run("/src/scripts/install");
    assert.match(said, /serving eth0: 10\.11\.0\.1 in 10\.11\.0\.0\/22/);
    assert.match(said, /bootqueue is running/);
    assert.equal(container.run("systemctl is-active bootqueue"), "active\n");
    assert.match(container.run("bootqueue status"), /10\.11\.0\.1:67/);
  });

  test("it has no capability, no new privileges, and runs as nobody in particular", () => {
    const status = container.run("cat /proc/$(systemctl show --property=MainPID --value bootqueue)/status");
    assert.doesNotMatch(status, /^Uid:\s+0\b/m);
    assert.match(status, /^CapBnd:\s+0{16}$/m);
    assert.match(status, /^CapEff:\s+0{16}$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
  });

  test("DHCP sockets are bound to the interface, the others to the address, and none to everything", () => {
    // The port from which neighbours are asked for is any free one.
    const list = "ss --udp --tcp --listening --numeric --no-header | awk '{ print $1, $5 }' | sort";
    const sockets = container.run(list).replaceAll(/^udp 10\.11\.0\.1:[3-6]\d{4}\n/gm, "");
    assert.equal(
      sockets,
      "tcp 10.11.0.1:80\ntcp 10.11.0.1:8080\nudp 0.0.0.0%eth0:67\nudp 0.0.0.0%eth0:68\nudp 10.11.0.1%eth0:67\nudp 10.11.0.1:4011\nudp 10.11.0.1:69\n",
    );
  });

  test("run again, scripts/install changes neither the configuration nor the state", () => {
    container.run(`cat >> /etc/bootqueue/bootqueue.toml << 'EOT'
${[2, 3].map((n) => `[[slot]]\nip = "10.11.0.${n}"\nhostname = "node${n}"\nprofile = "pve"`).join("\n")}
EOT
sed --in-place 's|FILL-IN|$y$j9T$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyzABCDEFG|' /etc/bootqueue/profiles/pve.toml
bootqueue config check`);
    const files = "sha256sum /etc/bootqueue/bootqueue.toml /etc/bootqueue/profiles/*";
    const earlier = container.run(files);
    const said = container.run("/src/scripts/install");
    assert.match(said, /kept \/etc\/bootqueue\/bootqueue\.toml as it is/);
    assert.equal(container.run(files), earlier);
    assert.match(container.run("bootqueue slots"), /10\.11\.0\.2 .* available\n.*10\.11\.0\.3 .* available/);
  });

  test("a machine of the other network is not heard, and takes no slot", () => {
    assert.match(askForAddress("neighbour"), /no lease/);
    assert.doesNotMatch(container.run("bootqueue slots"), /assigned|held/);
  });

  test("a machine of the boot network gets its slot, its boot loader by TFTP, and by HTTP", () => {
    assert.match(askForAddress("pxe"), /lease of 10\.11\.0\.2 obtained/);
    assert.match(container.run("bootqueue slots"), /10\.11\.0\.2 .* assigned/);
    lab.run("pxe", ["ip", "address", "add", "10.11.0.2/22", "dev", "eth0"]);
    for (const url of ["tftp://10.11.0.1/undionly.kpxe", "http://10.11.0.1/assets/undionly.kpxe"]) {
      const size = fetched(url, "%{size_download}");
      assert.ok(Number(size) > 50_000, `${url}: ${size} octets`);
    }
  });

  test("killed, it is back at once and knows everything", async () => {
    const slots = container.run("bootqueue slots --json | grep --only-matching '\"assigned\"'");
    container.run("kill -KILL $(systemctl show --property=MainPID --value bootqueue)");
    await container.until("bootqueue slots", /10\.11\.0\.2 .* assigned/);
    assert.equal(container.run("bootqueue slots --json | grep --only-matching '\"assigned\"'"), slots);
  });

  test("a second daemon on the same state is refused, and told which process has it", () => {
    const second = container.run(
      `sed 's|^domain|allow_shared_host = true\\n&|; s|^\\[dhcp.boot_files\\]|[operator]\\nsocket = "/tmp/other.sock"\\n\\n&|' /etc/bootqueue/bootqueue.toml > /etc/bootqueue/other.toml
chgrp bootqueue /etc/bootqueue/other.toml
runuser --user bootqueue -- bootqueue serve --config /etc/bootqueue/other.toml && echo started`.concat(" || true"),
    );
    const pid = container.run("systemctl show --property=MainPID --value bootqueue").trim();
    assert.match(second, new RegExp(`/var/lib/bootqueue is in use by process ${pid}: only one bootqueue`));
  });

  test("stuck, it is found by the watchdog and started anew", async () => {
    container.run(`printf '[Service]\\nWatchdogSec=4\\n' > /etc/systemd/system/bootqueue.service.d/test.conf
systemctl daemon-reload && systemctl restart bootqueue`);
    const stuck = container.run("systemctl show --property=MainPID --value bootqueue").trim();
    container.run(`kill -STOP ${stuck}`);
    await container.until(
      "systemctl show --property=Result,ActiveState,MainPID bootqueue",
      new RegExp(`MainPID=(?!${stuck}\n|0\n)\\d+`),
    );
    await container.until("systemctl is-active bootqueue", /^active$/m);
    assert.match(container.run("journalctl --unit=bootqueue --output=cat"), /Watchdog timeout/);
    container.run(
      `rm /etc/systemd/system/bootqueue.service.d/test.conf; systemctl daemon-reload; systemctl restart bootqueue`,
    );
  });

  test("restarted sixty times on a busy host, with packets arriving, it starts each time", async () => {
    // In place of the daemon, which takes seconds to start; what matters here is between systemd and its sockets.
    const standIn = "/run/systemd/system/bootqueue.service.d/stand-in.conf";
    container.run(`mkdir -p ${dirname(standIn)}
printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nType=exec\\nExecStart=\\nExecStart=/bin/sleep 1000\\nWatchdogSec=0\\n' > ${standIn}
systemctl daemon-reload`);
    const packets = "while :; do echo x > /dev/udp/10.11.0.1/69; echo x > /dev/udp/10.11.0.1/67; sleep 0.01; done";
    const crowd = [packets, "while :; do :; done", "while :; do :; done", "while :; do :; done"].map((script, n) =>
      lab.start("pxe", `crowd${n}`, ["bash", "-c", script]),
    );
    try {
      const restarts = "for n in $(seq 60); do systemctl restart bootqueue || echo $n; done";
      assert.equal(container.run(`${restarts}; true`), "");
    } finally {
      for (const one of crowd) one.kill("SIGKILL");
      await Promise.all(crowd.map(({ ended }) => ended));
      container.run(`rm ${standIn}; systemctl daemon-reload; systemctl restart bootqueue`);
    }
  });

  test("a reload with a mistake keeps the old configuration, a restart names the mistake and is not repeated", () => {
    container.run("sed --in-place 's/^address/adress/' /etc/bootqueue/bootqueue.toml; systemctl reload bootqueue");
    assert.match(container.run("bootqueue slots"), /10\.11\.0\.2 .* assigned/);
    container.run("systemctl restart bootqueue || true");
    assert.match(container.run("systemctl status --no-pager bootqueue || true"), /unknown key; did you mean address\?/);
    assert.match(
      container.run("systemctl show --property=ExecMainStatus,NRestarts bootqueue"),
      /NRestarts=0\n(.*\n)*ExecMainStatus=2/,
    );
    container.run("sed --in-place 's/^adress/address/' /etc/bootqueue/bootqueue.toml; systemctl start bootqueue");
    assert.match(container.run("bootqueue slots"), /10\.11\.0\.2 .* assigned/);
  });

  test("HTTPS comes with scripts/install, which opens its port, and goes with it", () => {
    container.run("printf '[http]\\ntls_port = 443\\n' >> /etc/bootqueue/bootqueue.toml; /src/scripts/install");
    assert.equal(fetched("https://10.11.0.1/ipxe/52-54-00-00-00-99", "%{http_code}"), "404");
    assert.match(container.run("ss --tcp --listening --numeric --no-header"), /10\.11\.0\.1:443/);
    container.run("sed --in-place '/^tls_port/d; /^\\[http\\]/d' /etc/bootqueue/bootqueue.toml; /src/scripts/install");
    assert.doesNotMatch(container.run("ss --tcp --listening --numeric --no-header"), /:443/);
  });

  test("stopped, it is silent: no packet starts it again", () => {
    container.run("systemctl stop bootqueue");
    assert.match(askForAddress("pxe"), /no lease/);
    assert.equal(container.run("systemctl is-active bootqueue || true"), "inactive\n");
    assert.equal(container.run("ss --udp --tcp --listening --numeric --no-header"), "");
  });

  test("at the next boot of the host it would start by itself", () => {
    assert.equal(container.run("systemctl is-enabled bootqueue"), "enabled\n");
    assert.doesNotMatch(
      container.run("systemd-analyze verify bootqueue.service 2>&1 || true"),
      /bootqueue.*(ordering cycle|Unknown)/,
    );
  });
});

/** What udhcpc prints when it asks three times as a BIOS network card does. */
function askForAddress(role: string): string {
  const pxe = ["-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "0x5d:0000", "-O", "67", "-s", "/bin/true"];
  return lab.run(role, ["sh", "-c", `udhcpc -i eth0 -f -n -q -t 3 -T 1 ${pxe.join(" ")} 2>&1 || true`]);
}

/** What curl tells of a file that a machine of the boot network fetched: `%{size_download}`, `%{http_code}`. */
function fetched(url: string, told: string): string {
  const quietly = ["--insecure", "--silent", "--max-time", "20", "--output", "/dev/null"];
  return lab.run("pxe", ["curl", ...quietly, "--write-out", told, url]);
}
