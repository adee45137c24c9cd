// What an operator writes who has dnsmasq and nginx already: answer files made to measure, and an end of the install for each
// report. `answer-server.ts ADDRESS PORT FOLDER`; dnsmasq reads FOLDER (`--dhcp-hostsdir`), and ignores who is named there.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const [address = "", port = "", folder = ""] = process.argv.slice(2);
const installs = new Map<string, string>();

const server = createServer((incoming, outgoing) => {
  const parts: Buffer[] = [];
  incoming.on("data", (part: Buffer) => parts.push(part));
  incoming.on("end", () => {
    const [, , token = ""] = (incoming.url ?? "").split("/");
    const mac = installs.get(token);
    if (incoming.url === "/answer") {
      const body = JSON.parse(Buffer.concat(parts).toString()) as { network_interfaces: { mac: string }[] };
      outgoing.end(answer(body.network_interfaces[0]?.mac ?? "", incoming.socket.remoteAddress ?? ""));
    } else if (mac !== undefined) {
      writeFileSync(join(folder, token), `${mac},ignore\n`);
      outgoing.end("thank you\n");
    } else {
      outgoing.writeHead(404).end();
    }
  });
});
server.listen(Number(port), address);

function answer(mac: string, from: string): string {
  const token = randomBytes(16).toString("hex");
  installs.set(token, mac);
  return `[global]
keyboard = "en-us"
country = "de"
timezone = "Europe/Berlin"
mailto = "root@lab.example"
fqdn = "node-${from.replaceAll(".", "-")}.lab.example"
root-password-hashed = "$y$j9T$abcdefghijklmnopqrstu.$0123456789012345678901234567890123456789012"
[network]
source = "from-dhcp"
[disk-setup]
filesystem = "ext4"
disk-list = ["sda"]
[post-installation-webhook]
url = "http://${address}:${port}/installed/${token}"
`;
}
