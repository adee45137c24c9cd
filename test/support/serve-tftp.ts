// A TFTP server of ours over one folder, as a process of its own, for strangers' clients in a network namespace.
// usage: serve-tftp.ts ADDRESS FOLDER [single-port]; the first line is "ready", then one JSON line for each refusal and each end.
import { AssetTftpFiles } from "../../src/boot/tftp-files.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { openUdp } from "../../src/net/open-udp.ts";
import { systemClock } from "../../src/std/clock.ts";
import { jsonLog } from "../../src/std/log.ts";
import { DEFAULT_TFTP_LIMITS } from "../../src/tftp/negotiate.ts";
import { serveTftp } from "../../src/tftp/server.ts";

const [address = "", folder = "", mode] = process.argv.slice(2);
const socket = await openUdp({ address: address as Ipv4Address, port: 69, receiveBuffer: 4 << 20 });
const log = jsonLog((line) => process.stdout.write(line), "info");
serveTftp(socket, openUdp, new AssetTftpFiles(folder), DEFAULT_TFTP_LIMITS, systemClock, log, {
  singlePort: mode === "single-port",
});
process.stdout.write("ready\n");
