/** `spdm slots`: the banks and slots of a responder by SLOT_MANAGEMENT. Experimental: no published peer speaks it yet. */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { integer } from "./arguments.js";
import { type Arguments, connectionOptions, painted, readChainFile, withTarget } from "./certificate-commands.js";
import { requestPem } from "./certificate-report.js";
import { manageSlots, type SlotChange } from "./requester/slots.js";
import { renderSlots, slotsJson } from "./slots-report.js";
import { TARGETS } from "./target.js";

export interface SlotsArguments extends Arguments {
  bank: number;
  csr?: string;
  install?: string;
  erase?: boolean;
}

const BANK_MAX = 239;

export function addSlotsCommand(program: Command): void {
  connectionOptions(program.command("slots"))
    .description(
      "experimental: show, and change, the certificate slots under all algorithms, by SPDM 1.4's SLOT_MANAGEMENT",
    )
    .argument("<target>", TARGETS)
    .option("--bank <number>", "the slots under one algorithm", integer(0, BANK_MAX), 0)
    .option("--slot <number>", "certificate slot in it", integer(0, 7), 0)
    .option("--install <chain>", "put this chain into the slot: PEM, or DER one behind the other, root first")
    .option("--erase", "or empty it")
    .option("--csr <file>", "or have a certification request made of the bank's key: PEM if the name ends so, else DER")
    .action(runSlots);
}

async function runSlots(name: string, options: SlotsArguments): Promise<void> {
  const change = changeOf(options);
  await withTarget(name, options, async ({ link }, given) => {
    const result = await manageSlots(link, { ...given, change });
    const { csr } = result;
    if (csr !== undefined) {
      const file = options.csr!;
      writeFileSync(file, file.endsWith(".pem") ? requestPem(csr) : csr.request);
    }
    if (options.json) console.log(slotsJson(name, result));
    else process.stdout.write(renderSlots(name, result, painted(process.stdout)));
  });
}

/** Throws an Error if the arguments do not go together. */
export function changeOf({ bank, csr, install, erase }: SlotsArguments): SlotChange | undefined {
  if ([csr, install, erase].filter((each) => each !== undefined).length > 1)
    throw new Error("give one of --install, --erase and --csr");
  if (install !== undefined) return { operation: "install", bank, chain: readChainFile(install) };
  if (csr !== undefined) return { operation: "csr", bank };
  return erase === true ? { operation: "erase", bank } : undefined;
}
