import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DhcpOptions, decodeOptions, encodeOptions, OPTIONS, type OptionName } from "../../src/dhcp/option.ts";
import type { OptionCodec } from "../../src/dhcp/option-codec.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const ip = (text: string) => text as Ipv4Address;
const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const TEXT = { value: "lab.example", wire: "6c61622e6578616d706c65" };
const NUMBER_32 = { value: 3600, wire: "00000e10" };
const ADDRESS = { value: ip("10.11.0.1"), wire: "0a0b0001" };
const ADDRESSES = { value: [ip("10.11.0.1"), ip("192.0.2.255")], wire: "0a0b0001c00002ff" };
const OCTETS = { value: octets("00ff7f"), wire: "00ff7f" };
const ROUTES = {
  value: [
    { destination: "0.0.0.0/0" as Ipv4Subnet, router: ip("10.11.0.1") },
    { destination: "10.17.0.0/16" as Ipv4Subnet, router: ip("10.11.0.2") },
    { destination: "10.27.129.0/25" as Ipv4Subnet, router: ip("0.0.0.0") },
  ],
  wire: "00 0a0b0001 100a11 0a0b0002 190a1b8100 00000000",
};

/** For every option a value and the octets that it stands for, written by hand. */
const SAMPLES: { readonly [Name in OptionName]: { readonly value: DhcpOptions[Name]; readonly wire: string } } = {
  subnetMask: { value: ip("255.255.252.0"), wire: "fffffc00" },
  timeOffset: { value: -3600, wire: "fffff1f0" },
  router: ADDRESSES,
  timeServer: ADDRESSES,
  nameServer: ADDRESSES,
  domainNameServer: ADDRESSES,
  logServer: ADDRESSES,
  lprServer: ADDRESSES,
  hostName: { value: "peach-beach", wire: "70656163682d6265616368" },
  bootFileSize: { value: 513, wire: "0201" },
  domainName: TEXT,
  rootPath: TEXT,
  extensionsPath: TEXT,
  ipForwarding: { value: true, wire: "01" },
  maximumDatagramReassemblySize: { value: 576, wire: "0240" },
  defaultIpTimeToLive: { value: 64, wire: "40" },
  interfaceMtu: { value: 1500, wire: "05dc" },
  broadcastAddress: { value: ip("10.11.3.255"), wire: "0a0b03ff" },
  performRouterDiscovery: { value: false, wire: "00" },
  staticRoute: { value: [[ip("10.12.0.0"), ip("10.11.0.1")]], wire: "0a0c00000a0b0001" },
  networkInformationServiceDomain: TEXT,
  networkInformationServers: ADDRESSES,
  networkTimeProtocolServers: ADDRESSES,
  vendorSpecificInformation: { value: octets("060108ff"), wire: "060108ff" },
  netbiosNameServer: ADDRESSES,
  netbiosNodeType: { value: 8, wire: "08" },
  netbiosScope: TEXT,
  requestedIpAddress: ADDRESS,
  ipAddressLeaseTime: NUMBER_32,
  optionOverload: { value: 3, wire: "03" },
  dhcpMessageType: { value: "NAK", wire: "06" },
  serverIdentifier: ADDRESS,
  parameterRequestList: { value: [1, 3, 6, 250], wire: "010306fa" },
  message: { value: "wrong network", wire: "77726f6e67206e6574776f726b" },
  maximumDhcpMessageSize: { value: 1472, wire: "05c0" },
  renewalTimeValue: { value: 0xffffffff, wire: "ffffffff" },
  rebindingTimeValue: NUMBER_32,
  vendorClassIdentifier: { value: "PXEClient", wire: "505845436c69656e74" },
  clientIdentifier: { value: octets("01020000000101"), wire: "01020000000101" },
  tftpServerName: { value: "10.11.0.1", wire: "31302e31312e302e3100" },
  bootfileName: { value: "snponly.efi", wire: "736e706f6e6c792e65666900" },
  userClass: { value: ["iPXE", "lab"], wire: "04 69505845 03 6c6162" },
  rapidCommit: { value: true, wire: "" },
  clientFqdn: OCTETS,
  relayAgentInformation: {
    value: new Map([
      [1, octets("65746830")],
      [0, octets("")],
      [255, octets("01")],
    ]),
    wire: "01 04 65746830 00 00 ff 01 01",
  },
  clientSystemArchitecture: { value: [7, 16], wire: "00070010" },
  clientNetworkInterfaceIdentifier: { value: octets("010300"), wire: "010300" },
  clientMachineIdentifier: { value: octets(`00${"ab".repeat(16)}`), wire: `00${"ab".repeat(16)}` },
  timezonePosix: { value: "CET-1", wire: "4345542d31" },
  timezoneName: { value: "UTC", wire: "555443" },
  ipv6OnlyPreferred: NUMBER_32,
  captivePortal: TEXT,
  autoConfigure: { value: true, wire: "01" },
  subnetSelection: ADDRESS,
  domainSearch: { value: ["lab.example", "example"], wire: "036c6162076578616d706c6500 076578616d706c6500" },
  classlessStaticRoute: ROUTES,
  vendorIdentifyingVendorClass: OCTETS,
  vendorIdentifyingVendorSpecific: OCTETS,
  pxe128: OCTETS,
  pxe129: OCTETS,
  pxe130: OCTETS,
  pxe131: OCTETS,
  pxe132: OCTETS,
  pxe133: OCTETS,
  pxe134: OCTETS,
  pxe135: OCTETS,
  forcerenewNonceCapable: { value: [1], wire: "01" },
  tftpServerAddress: ADDRESSES,
  etherboot: {
    value: new Map([
      [1, octets("7f")],
      [176, octets("01")],
    ]),
    wire: "01 01 7f b0 01 01",
  },
  pxelinuxMagic: { value: 0xf100747e, wire: "f100747e" },
  pxelinuxConfigFile: TEXT,
  pxelinuxPathPrefix: TEXT,
  pxelinuxRebootTime: NUMBER_32,
  microsoftClasslessStaticRoute: ROUTES,
  proxmoxAnswerUrl: TEXT,
  proxmoxCertFingerprint: TEXT,
  webProxyAutoDiscovery: TEXT,
};

describe("OPTIONS", () => {
  test("has each number once, from 1 to 254", () => {
    const codes = Object.values(OPTIONS).map(({ code }) => code);
    assert.deepEqual(
      codes,
      [...new Set(codes)].sort((a, b) => a - b),
    );
    assert(codes.every((code) => code > 0 && code < 255));
  });

  for (const [name, { value, wire }] of Object.entries(SAMPLES)) {
    const { code } = OPTIONS[name as OptionName];
    test(`${name} (${code}) is written as its RFC says, and read again`, () => {
      const written = encodeOptions({ [name]: value });
      assert.deepEqual([...written.keys()], [code]);
      assert.equal(hex(written.get(code) ?? octets("ee")), wire.replaceAll(" ", ""));
      assert.deepEqual(decodeOptions(new Map([[code, octets(wire)]])), { [name]: value });
    });
  }
});

describe("a known option of the wrong form", () => {
  const malformed: readonly { code: number; wire: string; what: string }[] = [
    { code: 1, wire: "ffff00", what: "an address of three octets" },
    { code: 3, wire: "", what: "no address" },
    { code: 6, wire: "0a0b00010a", what: "an address and a quarter" },
    { code: 12, wire: "0000", what: "a text of NULs alone" },
    { code: 19, wire: "02", what: "a flag that is neither 0 nor 1" },
    { code: 51, wire: "000e10", what: "a number of three octets" },
    { code: 61, wire: "01", what: "a client identifier without an identifier" },
    { code: 77, wire: "0000", what: "user classes without a name" },
    { code: 80, wire: "01", what: "something where nothing belongs" },
    { code: 82, wire: "01046574", what: "a sub-option that is longer than its option" },
    { code: 93, wire: "00", what: "half an architecture" },
    { code: 119, wire: "036c6162", what: "a name without an end" },
    { code: 119, wire: "c000", what: "a name that points to itself" },
    { code: 119, wire: "c002036c616200", what: "a name that points ahead" },
    { code: 119, wire: "00", what: "a name without labels" },
    { code: 119, wire: "40", what: "a label of a kind that DNS never defined" },
    { code: 121, wire: "210a0b0001", what: "a prefix of 33" },
    { code: 121, wire: "180a0b", what: "a route without its router" },
  ];
  for (const { code, wire, what } of malformed) {
    test(`is left out: ${what} in ${code}`, () => {
      assert.deepEqual(decodeOptions(new Map([[code, octets(wire)]])), {});
    });
  }

  test("of a relay is read up to where it ends, and of each sub-option the first, the client's own relay's", () => {
    const read = (wire: string) => [...(decodeOptions(new Map([[82, octets(wire)]])).relayAgentInformation ?? [])];
    const circuit = [1, octets("0007")];
    assert.deepEqual(read("01020007 ff"), [circuit]);
    assert.deepEqual(read("01020007 0204aabb"), [circuit]);
    assert.deepEqual(read("01020007 01020009 0201aa"), [circuit, [2, octets("aa")]]);
  });

  test("does not take its neighbours along", () => {
    const raw = new Map([
      [1, octets("ff")],
      [12, octets("6100")],
    ]);
    assert.deepEqual(decodeOptions(raw), { hostName: "a" });
  });
});

test("a text may end in NULs or not", () => {
  assert.deepEqual(decodeOptions(new Map([[67, octets("612e656669")]])), { bootfileName: "a.efi" });
  assert.deepEqual(decodeOptions(new Map([[67, octets("612e6566690000")]])), { bootfileName: "a.efi" });
});

test("user classes are read with lengths (RFC 3004) and as the bare text of iPXE", () => {
  assert.deepEqual(decodeOptions(new Map([[77, octets("69505845")]])), { userClass: ["iPXE"] });
  assert.deepEqual(decodeOptions(new Map([[77, octets("0469505845")]])), { userClass: ["iPXE"] });
});

test("a domain search list is read with compression", () => {
  const wire = octets("03656e67 05 6170706c65 03636f6d 00 09 6d61726b6574696e67 c004");
  assert.deepEqual(decodeOptions(new Map([[119, wire]])), { domainSearch: ["eng.apple.com", "marketing.apple.com"] });
});

describe("a value that does not fit is our own mistake", () => {
  const misfits: readonly { options: DhcpOptions; what: string }[] = [
    { options: { ipAddressLeaseTime: -1 }, what: "a negative time" },
    { options: { ipAddressLeaseTime: 2 ** 32 }, what: "a time of 33 bits" },
    { options: { bootfileName: "" }, what: "an empty name" },
    { options: { bootfileName: "Ω.efi" }, what: "a character of two octets" },
    { options: { timeOffset: 2 ** 31 }, what: "an offset of 33 bits" },
    { options: { userClass: ["x".repeat(256)] }, what: "a class that is longer than its length can say" },
    { options: { domainSearch: ["lab..example"] }, what: "an empty label" },
  ];
  for (const { options, what } of misfits) {
    test(`refuses ${what}`, () => {
      assert.throws(() => encodeOptions(options), RangeError);
    });
  }
});

test("no codec throws, whatever the octets", () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  for (const [name, { codec }] of Object.entries(OPTIONS)) {
    for (let length = 0; length < 300; length++) {
      const noise = Uint8Array.from({ length }, () => Math.floor(random() * (length % 3 === 0 ? 8 : 256)));
      const { decode } = codec as OptionCodec<unknown>;
      assert.doesNotThrow(() => decode(noise), `${name} of ${length} octets, SEED=${seed}`);
    }
  }
});
