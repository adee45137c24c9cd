import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { noteRefusals, showEachItsOwn, TlsKeeper, tlsEndpoint, tlsOptions } from "../src/daemon-tls.ts";
import { Certificates } from "../src/http/certificates.ts";
import type { Ipv4Address } from "../src/net/ipv4-address.ts";
import type { MacAddress } from "../src/net/mac-address.ts";
import { EMPTY_QUEUE, type QueueState } from "../src/queue/state.ts";
import { later } from "../src/std/clock.ts";
import type { Footprint } from "../src/trace/footprint.ts";
import { hostIn } from "./dashboard/rack.ts";
import { FakeClock } from "./support/fake-clock.ts";

const ADDRESS = "127.0.0.1" as Ipv4Address;
/** Armed before the rotation, and known by where it asks from. */
const EARLY = "127.0.0.2";
const LATE = "127.0.0.3";
const MAC = "52:54:00:00:01:01" as MacAddress;

describe("HTTPS after a rotation", () => {
  const clock = new FakeClock();
  const footprints: Omit<Footprint, "at">[] = [];
  let onNote = () => {};
  const tracer = {
    note(footprint: Omit<Footprint, "at">) {
      footprints.push(footprint);
      onNote();
    },
  };
  let folder = "";
  let certificates: Certificates;
  let keeper: TlsKeeper;
  let server: Server;
  let [old, fresh] = ["", ""];
  const armedAt = clock.now();
  const host = hostIn(
    1,
    { type: "installing", since: armedAt, deadline: armedAt },
    {
      attempt: { token: "secret" as never, answers: 1, armedAt, approved: null, power: null },
    },
  );
  const queue: { state: QueueState } = { state: { ...EMPTY_QUEUE, hosts: [host] } };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    certificates = await Certificates.load(folder, { address: ADDRESS }, clock);
    keeper = new TlsKeeper(certificates, queue, tracer);
    const certificateOf = (from: Ipv4Address) => certificates.at(from === EARLY ? armedAt : null);
    server = createServer(tlsOptions(certificates.current), (_, reply) => reply.end("hello"));
    showEachItsOwn(server, certificateOf);
    noteRefusals(server, tracer, () => MAC, certificateOf);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    old = certificates.current.fingerprint;
    clock.advance(1000);
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function handshake(localAddress: string, { pins = true } = {}): Promise<TLSSocket> {
    const { port } = server.address() as AddressInfo;
    const plain = connectTcp({ host: "127.0.0.1", port, localAddress });
    const socket = connect({ socket: plain, rejectUnauthorized: !pins });
    socket.on("error", () => {});
    await new Promise<void>((resolve) => socket.once(pins ? "secureConnect" : "close", () => resolve()));
    return socket;
  }

  async function shownTo(localAddress: string): Promise<string> {
    const socket = await handshake(localAddress);
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    return fingerprint256;
  }

  test("shows a machine the certificate that it was told of, and whoever comes later the new one", async () => {
    assert.equal(await shownTo(EARLY), old);
    const words = await keeper.rotate(null);
    fresh = certificates.current.fingerprint;
    assert.match(words, /^HTTPS has a new certificate, \S+; \S+ still meets the one before, until the install ends$/);
    assert.match(footprints.at(-1)?.what ?? "", /^HTTPS has a new certificate, /);
    assert.notEqual(fresh, old);
    for (const [from, expected] of [
      [LATE, fresh],
      [EARLY, old],
      [EARLY, old],
      [LATE, fresh],
    ] as const) {
      assert.equal(await shownTo(from), expected);
    }
  });

  test("tells an install what it will be shown", () => {
    const endpoint = tlsEndpoint(443, certificates);
    assert.equal(endpoint.told(armedAt).fingerprint, old);
    assert.equal(endpoint.told(clock.now()).fingerprint, fresh);
    assert.match(endpoint.told(armedAt).trust.certificatePem, /BEGIN CERTIFICATE/);
  });

  test("shows the operator which is in use, and who still meets another", () => {
    const { fingerprint, kept } = keeper.view();
    assert.equal(fingerprint, fresh);
    assert.deepEqual(
      kept.map((one) => [one.fingerprint, one.hosts]),
      [[old, [host.id]]],
    );
  });

  test("notes a machine that hangs up at the sight of it, and one that breaks the handshake off", async () => {
    footprints.length = 0;
    const noted = () =>
      new Promise<void>((resolve) => {
        onNote = resolve;
      });
    const first = noted();
    (await handshake(LATE)).end();
    await first;
    assert.equal(footprints[0]?.what, "HTTPS certificate refused");
    assert.match(footprints[0]?.why ?? "", new RegExp(`hung up at the sight of ${fresh} without asking`));
    const second = noted();
    // Without a fingerprint a client wants a certificate whose issuer it knows.
    await handshake(LATE, { pins: false });
    await second;
    assert.equal(footprints[1]?.what, "HTTPS certificate refused");
    const third = noted();
    const scan = connectTcp({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, localAddress: LATE });
    await once(scan, "connect");
    scan.destroy();
    (await handshake(LATE)).end();
    await third;
    assert.equal(footprints.length, 3, "who says nothing at all is no machine that refused");
  });

  test("forgets the one before when its install has ended", async () => {
    queue.state = { ...EMPTY_QUEUE, hosts: [{ ...host, state: { type: "ready", since: later(armedAt, 5) } }] };
    await keeper.dropUnused();
    assert.deepEqual(keeper.view().kept, []);
    assert.match(footprints.at(-1)?.what ?? "", /is gone$/);
    assert.equal(await shownTo(EARLY), fresh);
  });
});
