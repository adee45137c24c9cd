import { err, ok } from "../std/result.ts";
import type { BmcTurns } from "./bmc-turns.ts";
import { readPasswordFile } from "./password-file.ts";
import {
  type PowerAbility,
  type PowerControl,
  type PowerReading,
  type PowerResult,
  type PowerVisit,
  powerFailure,
  type SwitchOutcome,
} from "./power-control.ts";
import type { IpmiSettings } from "./power-settings.ts";
import type { PowerTime } from "./power-time.ts";
import type { RejectedLogins } from "./rejected-logins.ts";
import type { RunProgram } from "./run-program.ts";

export interface IpmiParts {
  readonly turns: BmcTurns;
  readonly rejected: RejectedLogins;
  readonly time: PowerTime;
  readonly stopping: AbortSignal;
  readonly run: RunProgram;
}

/**
 * By `ipmitool`, where it is installed; the password goes through its file, never through the arguments. IPMI does not
 * tell which machine stands at the other end, so the configuration has to name the machine itself, not its slot.
 */
export function ipmiControl(settings: IpmiSettings, parts: IpmiParts): PowerControl {
  const abilities = new Set<PowerAbility>(["read", "off"]);
  if (settings.boot !== "unchanged") abilities.add("boot-once");
  return {
    type: "ipmi",
    abilities,
    visit: (machine, work) =>
      parts.turns.take(settings.address, async () => {
        if (!machine.isNamed) {
          const message = `${settings.address}: IPMI cannot show that this is the machine that has the slot now`;
          const hint = "configure its power by hardware address (`[[power.host]]`), or keep the slot for one `mac`";
          return err(powerFailure("wrong-machine", message, hint));
        }
        const outcome = await work(visitTo(settings, parts));
        if (outcome.ok || !parts.stopping.aborted) return outcome;
        return err(powerFailure("stopping", `the visit to ${settings.address} was given up: the daemon stops`));
      }),
  };
}

function visitTo(settings: IpmiSettings, parts: IpmiParts): PowerVisit {
  const ask = (...words: readonly string[]) => ipmitool(settings, parts, words);
  const state = async (): PowerResult<"on" | "off"> => {
    const said = await ask("chassis", "power", "status");
    if (!said.ok) return said;
    const found = /chassis power is (on|off)/i.exec(said.value)?.[1]?.toLowerCase();
    if (found === "on" || found === "off") return ok(found);
    return err(powerFailure("refused", `${settings.address} says nothing of its power: ${said.value.trim()}`));
  };
  const reached = async (wanted: "on" | "off", limitMs: number): PowerResult<boolean> => {
    const until = parts.time.now() + limitMs;
    for (;;) {
      const now = await state();
      if (now.ok && now.value === wanted) return ok(true);
      if (!now.ok && now.error.type !== "unreachable") return now;
      if (parts.stopping.aborted || parts.time.now() >= until) return ok(false);
      await parts.time.sleep(POLL_MS, parts.stopping);
    }
  };
  const switched = async (command: string, wanted: "on" | "off", words: string): PowerResult<SwitchOutcome> => {
    const said = await ask("chassis", "power", command);
    // No answer: it may have been done, so what is now is looked at.
    if (!said.ok && said.error.type !== "unreachable") return said;
    const there = await reached(wanted, settings.limits.switchMs);
    if (!there.ok) return there;
    if (there.value) return ok({ isSure: true, words: `${words} (chassis power ${command})` });
    const seconds = Math.round(settings.limits.switchMs / 1000);
    return err(powerFailure("not-done", `${settings.address} is not ${wanted} after ${seconds} s`));
  };
  const turnOn = async (): PowerResult<SwitchOutcome> => {
    const now = await state();
    if (!now.ok) return now;
    if (now.value === "on") return ok({ isSure: true, words: "it is on already" });
    return await switched("on", "on", "switched on");
  };
  return {
    async read() {
      const now = await state();
      if (!now.ok) return now;
      const reading: PowerReading = { state: now.value, health: null, facts: [["bmc", settings.address]] };
      return ok(reading);
    },
    async bootFromNetworkOnce() {
      // Or the choice lapses after a minute; OpenBMC does not know this, and does not need it.
      await ask("raw", "0x00", "0x08", "0x03", "0x08");
      const mode = settings.boot === "legacy" ? [] : ["options=efiboot"];
      const said = await ask("chassis", "bootdev", "pxe", ...mode);
      if (!said.ok) return said;
      const shown = await ask("chassis", "bootparam", "get", "5");
      if (!shown.ok) return shown;
      if (/Force PXE/i.test(shown.value)) return ok(`the next boot is PXE (${mode.length === 0 ? "Legacy" : "UEFI"})`);
      const message = `${settings.address} accepted a boot from the network and did not take it`;
      return err(
        powerFailure("not-done", message, 'put the network first in the firmware and say `boot = "unchanged"`'),
      );
    },
    turnOn,
    async turnOff(how) {
      const now = await state();
      if (!now.ok) return now;
      if (now.value === "off") return ok({ isSure: true, words: "it is off already" });
      if (how === "softly" && (await ask("chassis", "power", "soft")).ok) {
        const there = await reached("off", settings.limits.shutdownMs);
        if (!there.ok) return there;
        if (there.value) return ok({ isSure: true, words: "shut down (chassis power soft)" });
      }
      return await switched("off", "off", "switched off");
    },
    async restart() {
      const now = await state();
      if (!now.ok) return now;
      if (now.value === "off") return await turnOn();
      const said = await ask("chassis", "power", "reset");
      if (!said.ok) return said;
      return ok({ isSure: true, words: "restarted (chassis power reset)" });
    },
  };
}

async function ipmitool(
  { address, user, passwordFile, limits }: IpmiSettings,
  { rejected, run, stopping }: IpmiParts,
  words: readonly string[],
): PowerResult<string> {
  const password = await readPasswordFile(passwordFile);
  if (!password.ok) return err(powerFailure("no-password", `${passwordFile} ${password.error}`));
  if (Buffer.byteLength(password.value) > PASSWORD_MAX) {
    const message = `${passwordFile} has a password of more than ${PASSWORD_MAX} octets, which IPMI cannot carry`;
    return err(powerFailure("no-password", message));
  }
  if (rejected.has(address, user, password.value)) {
    const message = `${address} refused user ${user} before, so the same password was not tried again`;
    return err(powerFailure("login-refused-before", message, "put the right password into the password file"));
  }
  const login = ["-I", "lanplus", "-H", address, "-U", user, "-f", passwordFile, "-L", "OPERATOR"];
  const patience = ["-N", "3", "-R", "2"];
  const done = await run("ipmitool", [...login, ...patience, ...words], limits.requestMs, stopping);
  switch (done.type) {
    case "missing":
      return err(powerFailure("program-missing", "ipmitool is not installed", "`apt install ipmitool` installs it"));
    case "timed-out":
      return err(
        powerFailure("unreachable", `${address} did not answer within ${Math.round(limits.requestMs / 1000)} s`),
      );
    case "aborted":
      return err(powerFailure("stopping", `the visit to ${address} was given up`));
    case "ended":
      break;
  }
  if (done.code === 0) return ok(done.out);
  const said = `${done.err}\n${done.out}`;
  if (REFUSED_LOGIN.test(said)) {
    rejected.add(address, user, password.value);
    return err(
      powerFailure(
        "login-refused",
        `${address} refused user ${user} with the password of its file`,
        "it is not tried again until the file changes, so that the account is not locked",
      ),
    );
  }
  const line = said
    .split("\n")
    .map((each) => each.trim())
    .find((each) => each !== "");
  const why = (line ?? "it said nothing").replaceAll(password.value, "…").slice(0, WORDS_MAX);
  return err(powerFailure(NO_SESSION.test(said) ? "unreachable" : "refused", `${address}, ${words.join(" ")}: ${why}`));
}

/** RAKP 2 and 4 are the messages in which the password is proved (IPMI 2.0 §13.20). */
const REFUSED_LOGIN =
  /RAKP [24].*(HMAC|invalid|unauthorized)|unauthorized name|password (is )?incorrect|invalid user name/i;
const NO_SESSION = /unable to establish|get auth capabilities|timeout/i;
const PASSWORD_MAX = 20;
const POLL_MS = 5000;
const WORDS_MAX = 300;
