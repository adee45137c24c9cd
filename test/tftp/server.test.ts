import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint, UdpSocket } from "../../src/net/udp-socket.ts";
import { decodePacket, encodePacket } from "../../src/tftp/packet.ts";
import type { TftpObserver } from "../../src/tftp/server.ts";
import { chosenSeed } from "../support/random-queue.ts";
import { SimulatedTftpClient, type TftpClientManners } from "../support/simulated-tftp-client.ts";
import { fileOf, optionsOf, rrqOf, SERVER, TftpBench } from "../support/tftp-bench.ts";

const MINUTE = 60_000;

describe("serveTftp()", () => {
  const clients: readonly { who: string; manners: TftpClientManners }[] = [
    { who: "tftp-hpa, without options", manners: {} },
    { who: "EDK2, in windows of 4", manners: { options: optionsOf("blksize 1468 windowsize 4"), acksCopies: true } },
    {
      who: "iPXE, which acknowledges each copy",
      manners: { options: optionsOf("blksize 1432 tsize 0"), acksCopies: true },
    },
    { who: "atftp, in windows of 8", manners: { options: optionsOf("tsize 0 timeout 5 blksize 1428 windowsize 8") } },
  ];
  for (const { who, manners } of clients) {
    test(`sends files of every size around a block to ${who}`, async () => {
      const bench = await TftpBench.start();
      const blksize = Number(manners.options?.find(({ name }) => name === "blksize")?.value ?? 512);
      const sizes = [0, 1, 2, 3, 4, 8, 9].flatMap((blocks) => [-1, 0, 1].map((more) => blocks * blksize + more));
      for (const sizeBytes of sizes.filter((size) => size >= 0)) {
        bench.files.set("file", fileOf(sizeBytes));
        const client = await bench.client("file", manners);
        assert.ok(await bench.network.run(MINUTE, () => client.end !== null), `${sizeBytes} octets`);
        assert.deepEqual(client.end, { type: "received", bytes: fileOf(sizeBytes) });
        await bench.network.run(100);
        assert.equal(bench.outcomes.at(-1)?.type, "complete");
      }
      assert.equal(bench.network.openSockets, 1 + sizes.length - 1);
      assert.deepEqual(bench.complaints, []);
    });
  }

  test("goes past 65535 blocks", async () => {
    const bench = await TftpBench.start();
    const bytes = fileOf(8 * 66_000 + 3);
    bench.files.set("file", bytes);
    for (const options of ["blksize 8", "blksize 8 windowsize 16"]) {
      const client = await bench.client("file", { options: optionsOf(options) });
      assert.ok(await bench.network.run(60 * MINUTE, () => client.end !== null));
      assert.deepEqual(client.end, { type: "received", bytes });
    }
  });

  const weather = [
    { what: "5 % loss", faults: { loss: 0.05 } },
    { what: "20 % loss", faults: { loss: 0.2 } },
    { what: "every fifth datagram doubled", faults: { duplication: 0.2 } },
    { what: "every third datagram late", faults: { reordering: 0.33, delayMs: 2 } },
    {
      what: "loss, copies and disorder together",
      faults: { loss: 0.1, duplication: 0.1, reordering: 0.2, delayMs: 2 },
    },
  ];
  for (const { what, faults } of weather) {
    for (const { who, manners } of clients) {
      test(`through ${what}, the whole file arrives at ${who}`, async () => {
        const seed = chosenSeed();
        const bench = await TftpBench.start({ ...faults, seed });
        bench.files.set("file", fileOf(60_000));
        for (let round = 0; round < 5; round++) {
          const client = await bench.client("file", manners);
          assert.ok(await bench.network.run(10 * MINUTE, () => client.end !== null), `SEED=${seed} round ${round}`);
          assert.deepEqual(client.end, { type: "received", bytes: fileOf(60_000) }, `SEED=${seed} round ${round}`);
        }
        await bench.network.run(MINUTE);
        assert.deepEqual(bench.serving.transfers(), [], `SEED=${seed}`);
        assert.deepEqual(bench.complaints, [], `SEED=${seed}`);
      });
    }
  }

  test("copies do not breed copies: doubled ACKs cost a doubled file at most, not an avalanche", async () => {
    for (const options of ["blksize 512", "blksize 512 windowsize 4", "blksize 512 windowsize 16"]) {
      const bench = await TftpBench.start({ duplication: 1 });
      bench.files.set("file", fileOf(512 * 400));
      const client = await bench.client("file", { options: optionsOf(options), acksCopies: true });
      assert.ok(await bench.network.run(MINUTE, () => bench.outcomes.length > 0));
      assert.equal(client.end?.type, "received");
      const outcome = bench.outcomes[0];
      assert.ok(outcome?.type === "complete");
      assert.ok(outcome.resent <= 401, `${options}: ${outcome.resent} of 401 blocks sent again`);
    }
  });

  test("UEFI's question about the size is answered, and is no failure", async () => {
    const bench = await TftpBench.start();
    bench.files.set("snponly.efi", fileOf(173_792));
    const options = optionsOf("tsize 0 blksize 1468 windowsize 4");
    const client = await bench.client("snponly.efi", { options, onlySize: true });
    await bench.network.run(1000);
    assert.deepEqual(client.end, { type: "size", sizeBytes: 173_792 });
    assert.deepEqual(bench.outcomes, [{ type: "probed" }]);
    assert.deepEqual(bench.complaints, []);
  });

  const refusals: readonly { what: string; bytes: Uint8Array; code: number; says: RegExp }[] = [
    { what: "a file that is not there", bytes: rrqOf("nix.efi"), code: 1, says: /not found: nix\.efi/ },
    {
      what: "a write",
      bytes: encodePacket({ type: "WRQ", filename: "x", mode: "octet", options: [] }),
      code: 2,
      says: /read-only/,
    },
    { what: "netascii", bytes: rrqOf("file", "", "netascii"), code: 0, says: /netascii.*octet/ },
    { what: "mail", bytes: rrqOf("file", "", "mail"), code: 0, says: /octet/ },
    { what: "a request that is cut off", bytes: Uint8Array.from([0, 1, 97]), code: 4, says: /cannot be read/ },
    { what: "an ACK without a transfer", bytes: encodePacket({ type: "ACK", block: 3 }), code: 5, says: /RRQ/ },
    { what: "a file on a broken disk", bytes: rrqOf("broken"), code: 0, says: /log/ },
  ];
  for (const { what, bytes, code, says } of refusals) {
    test(`refuses ${what} with ERROR ${code} and a word`, async () => {
      const bench = await TftpBench.start();
      const { said } = await ask(bench, bytes);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", new RegExp(`^ERROR ${code} ${says.source}`.replace(/(ERROR \d )/, "$1.*")));
      assert.deepEqual(bench.serving.transfers(), []);
    });
  }

  const ignored: readonly { what: string; bytes: Uint8Array }[] = [
    { what: "an ERROR", bytes: encodePacket({ type: "ERROR", code: 0, message: "" }) },
    { what: "an OACK", bytes: encodePacket({ type: "OACK", options: [] }) },
    { what: "noise", bytes: Uint8Array.from([255, 254, 3]) },
    { what: "an empty datagram", bytes: new Uint8Array() },
  ];
  for (const { what, bytes } of ignored) {
    test(`is silent at ${what}`, async () => {
      const { said } = await ask(await TftpBench.start(), bytes);
      assert.deepEqual(said, []);
    });
  }

  test("a control character in a name does not reach the screen", async () => {
    const { said } = await ask(await TftpBench.start(), rrqOf("a\x1b[2Jb"));
    assert.deepEqual(said, ["ERROR 1 file not found: a?[2Jb"]);
  });

  test("a second copy of a request is the same transfer", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const socket = await bench.socket();
    const said = listen(socket);
    for (let copy = 0; copy < 3; copy++) {
      socket.send(rrqOf("file", "tsize 0"), SERVER);
      await bench.network.run(5);
    }
    assert.deepEqual(said, ["OACK", "OACK", "OACK"]);
    assert.equal(bench.serving.transfers().length, 1);
    assert.equal(bench.opened, 1);
  });

  test("copies that arrive together find the place taken", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const socket = await bench.socket();
    const said = listen(socket);
    for (let copy = 0; copy < 3; copy++) socket.send(rrqOf("file"), SERVER);
    await bench.network.run(5);
    assert.equal(said[0], "DATA 1");
    assert.equal(bench.serving.transfers().length, 1);
    assert.equal(bench.opened, 1);
  });

  test("another request from the same port is a client that began again", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    bench.files.set("other", fileOf(10));
    const socket = await bench.socket();
    const said = listen(socket);
    socket.send(rrqOf("file", "tsize 0"), SERVER);
    await bench.network.run(5);
    socket.send(rrqOf("other"), SERVER);
    await bench.network.run(5);
    assert.deepEqual(said, ["OACK", "DATA 1"]);
    assert.deepEqual(
      bench.serving.transfers().map(({ filename }) => filename),
      ["other"],
    );
    assert.deepEqual(bench.outcomes, [{ type: "aborted", code: 0, message: "the client began again" }]);
  });

  test("the same request from the same port, after a reset in mid-file, begins anew", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const socket = await bench.socket();
    const said: string[] = [];
    socket.onDatagram((bytes, from) => {
      said.push(lineOf(bytes));
      if (said.length === 1) socket.send(encodePacket({ type: "ACK", block: 1 }), from);
    });
    socket.send(rrqOf("file"), SERVER);
    await bench.network.run(5000);
    assert.equal(said.at(-1), "DATA 2");
    socket.send(rrqOf("file"), SERVER);
    await bench.network.run(5);
    assert.equal(said.at(-1), "DATA 1");
    assert.equal(bench.serving.transfers().length, 1);
  });

  test("a stranger at the port of a transfer gets ERROR 5, and does not disturb it", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const stranger = await bench.socket();
    const toStranger = listen(stranger);
    const client = await bench.socket();
    const toClient: string[] = [];
    client.onDatagram((bytes, from) => {
      toClient.push(lineOf(bytes));
      stranger.send(encodePacket({ type: "ACK", block: 1 }), from);
      stranger.send(encodePacket({ type: "ERROR", code: 0, message: "" }), from);
    });
    client.send(rrqOf("file"), SERVER);
    await bench.network.run(100);
    assert.deepEqual(toClient, ["DATA 1"]);
    assert.deepEqual(toStranger, ["ERROR 5 this port serves another"]);
    assert.equal(bench.serving.transfers().length, 1);
  });

  test("a transfer answers from the address that was asked, at a port of its own", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(10));
    const socket = await bench.socket();
    const sources: Endpoint[] = [];
    socket.onDatagram((_, from) => sources.push(from));
    socket.send(rrqOf("file"), SERVER);
    await bench.network.run(5);
    assert.equal(sources[0]?.address, SERVER.address);
    assert.notEqual(sources[0]?.port, SERVER.port);
  });

  test("beyond the limit it is silent, so that clients ask again and are served when there is room", async () => {
    const bench = await TftpBench.start({}, { transfersMax: 2 });
    bench.files.set("file", fileOf(512 * 200));
    const clients = await Promise.all([1, 2, 3, 4].map(() => bench.client("file")));
    await bench.network.run(5);
    assert.equal(bench.serving.transfers().length, 2);
    assert.ok(await bench.network.run(MINUTE, () => clients.every(({ end }) => end?.type === "received")));
    assert.equal(bench.complaints.length, 1);
    assert.match(bench.complaints[0] ?? "", /transfers_max/);
  });

  test("when all places are taken by the silent, the longest silent gives way", async () => {
    const bench = await TftpBench.start({}, { transfersMax: 2 });
    bench.files.set("file", fileOf(3000));
    for (let abandoned = 0; abandoned < 2; abandoned++) (await bench.socket()).send(rrqOf("file"), SERVER);
    await bench.network.run(6000);
    const client = await bench.client("file");
    await bench.network.run(100);
    assert.equal(client.end?.type, "received");
    assert.deepEqual(bench.outcomes[0], { type: "aborted", code: 0, message: "silent, and its place was needed" });
  });

  test("clients that went away leave nothing behind", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const sockets = await Promise.all(Array.from({ length: 100 }, () => bench.socket()));
    for (const socket of sockets) socket.send(rrqOf("file"), SERVER);
    await bench.network.run(100);
    assert.equal(bench.serving.transfers().length, 100);
    await bench.network.run(MINUTE);
    assert.deepEqual(bench.serving.transfers(), []);
    assert.equal(bench.network.openSockets, 101);
    assert.equal(bench.clock.pending, 0);
    assert.deepEqual(bench.outcomes[0], { type: "client-silent", ackedBlocks: 0, blocks: 6 });
  });

  test("says how far each transfer is", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const socket = await bench.socket();
    socket.onDatagram((bytes, from) => {
      if (lineOf(bytes) === "DATA 1") socket.send(encodePacket({ type: "ACK", block: 1 }), from);
    });
    socket.send(rrqOf("file"), SERVER);
    await bench.network.run(10);
    assert.deepEqual(bench.serving.transfers(), [
      { filename: "file", client: socket.local, sizeBytes: 3000, ackedBytes: 512 },
    ]);
  });

  test("closing tells the clients, frees the ports, and takes no more requests", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const socket = await bench.socket();
    const said = listen(socket);
    socket.send(rrqOf("file"), SERVER);
    await bench.network.run(10);
    await bench.serving.close();
    socket.send(rrqOf("file"), SERVER);
    await bench.network.run(MINUTE);
    assert.deepEqual(said, ["DATA 1", "ERROR 0 the server is shutting down, try again"]);
    assert.deepEqual(bench.outcomes, [{ type: "shut-down" }]);
    assert.equal(bench.network.openSockets, 2);
    assert.equal(bench.clock.pending, 0);
  });

  test("closing while a file is being opened ends that one too", async () => {
    const bench = await TftpBench.start();
    bench.files.set("file", fileOf(3000));
    const socket = await bench.socket();
    const said = listen(socket);
    socket.send(rrqOf("file"), SERVER);
    bench.clock.advance(1);
    await bench.serving.close();
    await bench.network.run(MINUTE);
    assert.deepEqual(said, []);
    assert.deepEqual(bench.outcomes, [{ type: "shut-down" }]);
    assert.equal(bench.network.openSockets, 2);
  });

  test("tells an observer what it refused, began and ended; one that throws stops nothing", async () => {
    const notes: string[] = [];
    const note = (line: string): void => {
      notes.push(line);
      throw new Error("an observer of no use");
    };
    const observer: TftpObserver = {
      refused: ({ filename, message }) => note(`refused ${filename}: ${message}`),
      started: ({ filename, terms }) => note(`started ${filename}, blksize ${terms.blksize}`),
      ended: ({ filename, outcome }) => note(`ended ${filename}: ${outcome.type}`),
    };
    const bench = await TftpBench.start({}, {}, { observer });
    bench.files.set("file", fileOf(3000));
    await ask(bench, rrqOf("nix"));
    const client = await bench.client("file", { options: optionsOf("blksize 1024") });
    await bench.network.run(1000);
    assert.equal(client.end?.type, "received");
    assert.deepEqual(notes, ["refused nix: file not found: nix", "started file, blksize 1024", "ended file: complete"]);
  });

  for (const singlePort of [false, true]) {
    const ports = singlePort ? 1 : 9;
    test(`through loss and disorder forty clients get what each asked for, on ${ports} ports in all`, async () => {
      const seed = chosenSeed();
      const faults = { loss: 0.05, duplication: 0.05, reordering: 0.2, delayMs: 2, seed };
      const bench = await TftpBench.start(faults, {}, { singlePort });
      const options = optionsOf("blksize 700 windowsize 4");
      const clients = await Promise.all(
        Array.from({ length: 40 }, (_, at) => {
          bench.files.set(`file-${at}`, fileOf(9000 + at));
          return bench.client(`file-${at}`, at % 2 === 0 ? { options } : {});
        }),
      );
      await bench.network.run(40);
      assert.ok(bench.network.openSockets <= clients.length + ports, `SEED=${seed}`);
      assert.ok(await bench.network.run(10 * MINUTE, () => clients.every(({ end }) => end !== null)), `SEED=${seed}`);
      for (const [at, { end }] of clients.entries())
        assert.deepEqual(end, { type: "received", bytes: fileOf(9000 + at) }, `SEED=${seed} client ${at}`);
      await bench.network.run(MINUTE);
      assert.equal(bench.network.openSockets, clients.length + 1);
    });
  }

  describe("with a single port", () => {
    test("says everything from the port of the requests", async () => {
      const bench = await TftpBench.start({}, {}, { singlePort: true });
      bench.files.set("file", fileOf(10));
      const socket = await bench.socket();
      const sources: Endpoint[] = [];
      socket.onDatagram((_, from) => sources.push(from));
      socket.send(rrqOf("file", "blksize 8"), SERVER);
      await bench.network.run(1000);
      assert.deepEqual(sources[0], SERVER);
      assert.equal(new Set(sources.map(({ port }) => port)).size, 1);
    });

    test("is silent to a second copy of a last ACK, and tells an ACK of nobody's transfer so", async () => {
      const bench = await TftpBench.start({}, {}, { singlePort: true });
      bench.files.set("file", fileOf(10));
      const socket = await bench.socket();
      const said = listen(socket);
      const ack = encodePacket({ type: "ACK", block: 1 });
      socket.send(rrqOf("file"), SERVER);
      await bench.network.run(10);
      for (let copies = 0; copies < 2; copies++) socket.send(ack, SERVER);
      await bench.network.run(10);
      assert.deepEqual(said, ["DATA 1"]);
      assert.deepEqual(
        bench.outcomes.map(({ type }) => type),
        ["complete"],
      );
      assert.deepEqual((await ask(bench, ack)).said, ["ERROR 5 no transfer here; ask with a RRQ"]);
    });

    test("tells machines apart that ask from the same port, as ROMs do", async () => {
      const bench = await TftpBench.start({}, {}, { singlePort: true });
      const clients: SimulatedTftpClient[] = [];
      for (const machine of [1, 2, 3]) {
        bench.files.set(`file-${machine}`, fileOf(2000 * machine));
        const address = `10.11.3.${machine}` as Ipv4Address;
        const socket = await bench.network.host(address).openUdp({ address, port: 2070 });
        clients.push(new SimulatedTftpClient(socket, SERVER, `file-${machine}`, bench.clock));
      }
      await bench.network.run(1000);
      for (const [at, { end }] of clients.entries())
        assert.deepEqual(end, { type: "received", bytes: fileOf(2000 * (at + 1)) });
    });

    test("a client that asks again from the same port, for another file, gets that one", async () => {
      const bench = await TftpBench.start({}, {}, { singlePort: true });
      bench.files.set("file", fileOf(3000)).set("other", fileOf(20));
      const socket = await bench.socket();
      const said = listen(socket);
      socket.send(rrqOf("file"), SERVER);
      await bench.network.run(10);
      socket.send(rrqOf("other", "tsize 0"), SERVER);
      await bench.network.run(10);
      assert.equal(said.length, 2);
      assert.match(said[1] ?? "", /^OACK/);
      assert.deepEqual(
        bench.serving.transfers().map(({ filename }) => filename),
        ["other"],
      );
    });
  });
});

/** Sends one datagram to the server and notes what comes back. */
async function ask(bench: TftpBench, bytes: Uint8Array): Promise<{ readonly said: readonly string[] }> {
  bench.files.set("file", fileOf(10));
  const socket = await bench.socket();
  const said = listen(socket);
  socket.send(bytes, SERVER);
  await bench.network.run(10);
  return { said };
}

function listen(socket: UdpSocket): string[] {
  const said: string[] = [];
  socket.onDatagram((bytes) => said.push(lineOf(bytes)));
  return said;
}

function lineOf(bytes: Uint8Array): string {
  const decoded = decodePacket(bytes);
  if (!decoded.ok) return decoded.error;
  const packet = decoded.value;
  if (packet.type === "ERROR") return `ERROR ${packet.code} ${packet.message}`;
  return packet.type === "DATA" ? `DATA ${packet.block}` : packet.type;
}
