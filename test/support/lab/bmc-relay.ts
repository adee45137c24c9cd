// Runs inside the namespace of a BMC: hands connections to its HTTPS port on to a Unix socket, which every namespace
// sees and on which the lab itself answers.  node --import tsx bmc-relay.ts SOCKET
import { connect, createServer } from "node:net";

const [path = ""] = process.argv.slice(2);

createServer((client) => {
  const bmc = connect(path);
  client.pipe(bmc).pipe(client);
  client.on("error", () => bmc.destroy());
  bmc.on("error", () => client.destroy());
}).listen(443);
