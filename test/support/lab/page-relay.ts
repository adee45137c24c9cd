// Runs inside the gateway's namespace: hands connections to a Unix socket, which every namespace sees, on to the page
// of the daemon, which only this one can reach.  node --import tsx page-relay.ts SOCKET ADDRESS PORT
import { connect, createServer } from "node:net";

const [path = "", host = "", port = ""] = process.argv.slice(2);

createServer((client) => {
  const page = connect(Number(port), host);
  client.pipe(page).pipe(client);
  client.on("error", () => page.destroy());
  page.on("error", () => client.destroy());
}).listen(path);
