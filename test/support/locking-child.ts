// Holds the lock of a state folder until it is killed: `locking-child.ts FOLDER`. Says `held`, or why not.
// It also starts a child of its own, whose process id it says, because such a child must not keep the lock.
import { spawn } from "node:child_process";
import { lockFolder } from "../../src/store/lock.ts";

try {
  await lockFolder(process.argv[2] ?? "");
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  process.stdout.write(`held ${child.pid}\n`);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
