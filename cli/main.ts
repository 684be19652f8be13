/** The `spdm` command. Exit status: 0 trusted or done, 1 not trusted, 2 could not be done. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { HOST_KINDS } from "../certs/hierarchy.js";
import { writeIdentityImage } from "../certs/identity-writer.js";
import { ML_DSAS } from "../certs/ml-dsa.js";
import { sha256 } from "../hal/portable/crypto.js";
import { addAttestCommands } from "./attest-command.js";
import { addCertificateCommands } from "./certificate-commands.js";
import { makeCertificates } from "./certs.js";
import { loadIdentity } from "./identity.js";
import { addKeysCommand } from "./keys-command.js";
import { Progress } from "./progress.js";
import { provision } from "./provision.js";
import { ASYMS } from "./requester/names.js";
import { addServeCommand } from "./serve-command.js";
import { addSlotsCommand } from "./slots-command.js";
import { CERTIFICATES, ensureCertificates, openTarget } from "./target.js";

const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

interface CertsArguments {
  out: string;
  force?: boolean;
  alias?: boolean;
  asym?: string[];
}

async function runProvision(name: string, options: { identity?: string }): Promise<void> {
  const progress = new Progress(false);
  try {
    if (options.identity === undefined) await ensureCertificates();
    const device = loadIdentity(options.identity ?? join(CERTIFICATES, "identity.bin"));
    const image = writeIdentityImage(device, sha256);
    const { link } = await openTarget(name, {
      crypto: "psa",
      pcap: undefined,
      onProgress: (step) => progress.step(step),
    });
    try {
      progress.step(`installing ${image.length} bytes`);
      await provision(link, image);
    } finally {
      await link.close();
    }
    progress.done();
    console.log(`${image.length} bytes installed: they count from the board's next reset`);
  } finally {
    progress.stop();
  }
}

function reportFailure(error: unknown): void {
  console.error(`spdm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}

// A reader of our output that went away, say. Node would exit with 1, which here says "not trusted".
process.on("uncaughtException", (error) => {
  reportFailure(error);
  process.exit();
});

const program = new Command("spdm")
  .description("Attests devices by SPDM (DSP0274), and is one.")
  .version(packageJson.version, "-V, --tool-version", "version of this command")
  .showHelpAfterError()
  // commander's own failures are usage errors; help and version are not failures. Commands made below inherit it.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

/** What identity images have no place for. */
const HOST_ASYMS = Object.keys(ASYMS).filter((name) =>
  HOST_KINDS.some(({ algorithms }) => algorithms.includes(ASYMS[name])),
);

addAttestCommands(program);
addServeCommand(program);
addCertificateCommands(program);
addKeysCommand(program);
addSlotsCommand(program);

program
  .command("provision")
  .description("give a board without an identity one, once; it counts from the board's next reset")
  .argument("<target>", "serial:PATH[@BAUD]")
  .option("--identity <path>", "identity image, or a folder with ecp256 and ecp384; default: the development PKI")
  .action(runProvision);

program
  .command("certs")
  .description("make the development PKI and the identity image that a board is provisioned with")
  .option("--out <folder>", "where to", "build/certs")
  .option("--force", "replace what is there")
  .option("--alias", "the device's chains end with the authority that issues its aliases, one for each firmware")
  .addOption(
    new Option(
      "--asym <names...>",
      "make chains of these only, which `serve --host` offers beside the device's",
    ).choices([...HOST_ASYMS, ...ML_DSAS.map(({ name }) => name)]),
  )
  .action(async ({ out, force = false, alias = false, asym }: CertsArguments) => {
    const kinds = asym && [
      ...HOST_KINDS.filter(({ algorithms }) => asym.some((name) => algorithms.includes(ASYMS[name]))),
      ...ML_DSAS.filter(({ name }) => asym.includes(name)),
    ];
    const made = await makeCertificates({ out, force, alias, kinds });
    console.log(`${made.deviceInfo} (${made.uuid})`);
    for (const file of made.files) console.log(`  ${out}/${file}`);
  });

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
