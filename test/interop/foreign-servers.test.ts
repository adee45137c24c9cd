// Another DHCP server on the boot network: dnsmasq, as it stands in home routers. Needs root, and the Debian packages
// dnsmasq-base, udhcpc, iproute2, ethtool.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { said, startUdhcpc } from "../support/lab/dhcp-clients.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";

const config = (dhcp = "") => `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[dhcp]
${dhcp}
[[slot]]
ip = "10.11.0.2"
hostname = "first"
profile = "pve"
[[slot]]
ip = "10.11.0.3"
hostname = "second"
profile = "pve"
`;

let lab: Lab;
let daemon: BareDaemon;
let other: LabProcess | null = null;
let starts = 0;

before(() => {
  lab = new Lab();
  lab.addNamespace("router");
  lab.connect("router", "eth0", "lan", "10.11.3.254/22");
  lab.addNamespace("client");
  lab.connect("client", "eth0", "lan", null);
  daemon = new BareDaemon(lab, config());
});

afterEach(async () => {
  await daemon.stop();
  other?.kill("SIGTERM");
  await other?.ended;
  other = null;
});

after(() => lab?.close());

async function startDnsmasq(...options: string[]): Promise<void> {
  const plain = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-"];
  const where = ["--bind-interfaces", "--interface=eth0", "--leasefile-ro", "--log-dhcp"];
  other = lab.start("router", `dnsmasq-${++starts}`, ["dnsmasq", ...plain, ...where, ...options]);
  const { logPath } = other;
  await until("dnsmasq", () => /DHCP/.test(said({ logPath } as LabProcess)));
}

const warnings = async () => (await daemon.status()).warnings.filter((line) => /DHCP server/.test(line));

describe("a start as the only DHCP server", () => {
  test("goes well where there is no other", async () => {
    await daemon.start();
    assert.deepEqual(await warnings(), []);
  });

  test("is refused where another answers, even one that pings for three seconds first", async () => {
    await startDnsmasq("--dhcp-range=10.11.2.10,10.11.2.99,1h");
    await assert.rejects(daemon.start(), (error: Error) => {
      assert.match(error.message, /cannot start: another DHCP server answers on the boot network/);
      assert.match(
        error.message,
        /10\.11\.3\.254 is a DHCP server that gives addresses \(10\.11\.2\.\d+\) with the router/,
      );
      assert.match(error.message, /dhcp\.mode = "proxy".*dhcp\.allow_other_servers = true/);
      return true;
    });
  });

  test("is refused where a proxyDHCP server tells machines what to boot", async () => {
    await startDnsmasq("--dhcp-range=10.11.0.0,proxy,255.255.252.0", "--pxe-service=X86-64_EFI,boot,theirs.efi");
    await assert.rejects(daemon.start(), /10\.11\.3\.254 is a proxyDHCP server: it tells machines what to boot/);
  });

  test("goes on where the operator wants it so, and the page warns", async () => {
    daemon.configure(config("allow_other_servers = true"));
    await startDnsmasq("--dhcp-range=10.11.2.10,10.11.2.99,1h", "--no-ping", "--dhcp-boot=theirs.0");
    await daemon.start();
    await until("the warning", async () => (await warnings()).length > 0);
    assert.match((await warnings())[0] ?? "", /10\.11\.3\.254.*names the boot file theirs\.0; machines take whichever/);
  });
});

describe("a server that appears later", () => {
  test("is noticed by what machines say of it, and looked at", async () => {
    daemon.configure(config());
    await daemon.start();
    await startDnsmasq("--dhcp-range=10.11.2.10,10.11.2.99,1h", "--no-ping", "--dhcp-authoritative");
    const client = startUdhcpc(lab, "client", "laptop", { asFirmware: false });
    await until("its lease", () => /lease of 10\.11\.2\.\d+ obtained/.test(said(client)));
    client.kill("SIGTERM");
    // dnsmasq's answers to it are unicasts; its REQUEST, which names the server, is not, and makes us look.
    await until("the warning", async () => (await warnings()).some((line) => /gives addresses/.test(line)));
    assert.match((await warnings())[0] ?? "", /10\.11\.3\.254 is a DHCP server that gives addresses/);
    assert.equal(await daemon.slots(), "first available, second available");
  });

  test("a server with option 60 and without 43 is named for what it does to UEFI", async () => {
    daemon.configure(config("allow_other_servers = true"));
    await startDnsmasq("--dhcp-range=10.11.2.10,10.11.2.99,1h", "--no-ping", "--dhcp-option-force=60,PXEClient");
    await daemon.start();
    await until("the warning", async () => (await warnings()).some((line) => /option 43/.test(line)));
    assert.match((await warnings())[0] ?? "", /UEFI machines ask its port 4011 in vain \(PXE-E16, PXE-E55\)/);
  });
});

describe("an address that somebody has already", () => {
  test("is skipped before it is offered, and a machine gets the next one", async () => {
    // One that nobody has asked for yet: the system remembers for a while.
    daemon.configure(config().replaceAll("10.11.0.2", "10.11.0.9"));
    lab.run("router", ["ip", "address", "add", "10.11.0.9/22", "dev", "eth0"]);
    await daemon.start();
    assert.equal(await daemon.slots(), "first skipped, second available");
    const client = startUdhcpc(lab, "client", "firmware", { asFirmware: true });
    await until("its lease", () => /lease of 10\.11\.0\.3 obtained/.test(said(client)));
    client.kill("SIGTERM");
    const { warnings: all } = await daemon.status();
    assert.ok(
      all.some((line) => /slot first is skipped, because its address 10\.11\.0\.9 is in use already/.test(line)),
    );
  });
});
