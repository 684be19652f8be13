/**
 * Brings the Mbed TLS source that hal/psa is built with: Debian's source package, unpatched upstream tarball. No
 * distribution ships the library for bare metal, and Debian's archive is signed, kept and at hand wherever apt is.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The Debian release that carries the 3.6 line, which the vendors' SDKs bundle too. */
const RELEASE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** SHA-256 of upstream's tarballs as Debian ships them. Packaging revisions leave these alone. */
const PINS: Readonly<Record<string, string>> = {
  "3.6.6": "8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a",
};

const ADVICE = `Set MBEDTLS_DIR to an unpacked Mbed TLS 3.6 source tree (the folder that holds library/ and include/).`;

/** Path of an Mbed TLS 3.6 source tree; fetched into build/mbedtls/ the first time. MBEDTLS_DIR overrides. */
export async function mbedtls(): Promise<string> {
  const given = process.env.MBEDTLS_DIR;
  if (given !== undefined && given !== "") {
    const tree = resolve(given);
    if (!existsSync(join(tree, "library/psa_crypto.c"))) throw new Error(`MBEDTLS_DIR=${given} holds no Mbed TLS 3.6.`);
    return tree;
  }
  const root = fileURLToPath(new URL("../build/mbedtls", import.meta.url));
  for (const version of Object.keys(PINS)) {
    const tree = join(root, version);
    if (existsSync(tree)) return tree;
  }
  await mkdir(root, { recursive: true });
  const work = await mkdtemp(join(root, "fetch-"));
  try {
    return await unpack(await download(work), root, work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The mirror that this machine's own apt uses for Debian. */
async function mirror(): Promise<string> {
  const format = "$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(SITE)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]).catch(() => {
    throw new Error(`apt does not run here. ${ADVICE}`);
  });
  for (const line of stdout.split("\n")) {
    const [origin, release, component, site] = line.split("|");
    // The origin is unknown until `apt update` ran once. The security archive is a tree of its own, without the rest.
    if ((origin === "Debian" || origin === "") && component === "main" && !/security/.test(release)) return site;
  }
  throw new Error(`This machine's apt has no Debian archive, and Ubuntu has no Mbed TLS 3.6. ${ADVICE}`);
}

/** Downloads the source package with apt's own signature check, in a private state folder: needs no root. */
async function download(work: string): Promise<string> {
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing (package debian-archive-keyring). ${ADVICE}`);
  await mkdir(join(work, "lists/partial"), { recursive: true });
  await mkdir(join(work, "cache/archives/partial"), { recursive: true });
  await writeFile(join(work, "sources.list"), `deb-src [signed-by=${KEYRING}] ${await mirror()} ${RELEASE} main\n`);
  await writeFile(join(work, "status"), "");
  const options = [
    ["Dir::Etc::SourceList", join(work, "sources.list")],
    ["Dir::Etc::SourceParts", "/dev/null"],
    ["Dir::State", work],
    ["Dir::State::Lists", join(work, "lists")],
    ["Dir::State::status", join(work, "status")],
    ["Dir::Cache", join(work, "cache")],
    // apt as root would drop to a user that may not enter this folder.
    ["APT::Sandbox::User", ""],
    ["Acquire::Languages", "none"],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  try {
    await run("apt-get", [...options, "-qq", "update"], { cwd: work });
    await run("apt-get", [...options, "-qq", "source", "--download-only", "mbedtls"], { cwd: work });
  } catch (error) {
    throw new Error(
      `apt could not download Debian ${RELEASE}'s mbedtls source. ${ADVICE}\n${(error as Error).message}`,
    );
  }
  const tarball = (await readdir(work)).find((name) => /^mbedtls_.*\.orig\.tar\.[a-z0-9]+$/.test(name));
  if (tarball === undefined) throw new Error(`apt brought no upstream tarball of mbedtls. ${ADVICE}`);
  return join(work, tarball);
}

/** Checks the tarball against its pin and unpacks it to `<root>/<version>`. */
async function unpack(tarball: string, root: string, work: string): Promise<string> {
  const version = /mbedtls_([^-]+?)(\+.*)?\.orig/.exec(tarball)?.[1] ?? "";
  const digest = createHash("sha256")
    .update(await readFile(tarball))
    .digest("hex");
  if (PINS[version] === undefined) {
    throw new Error(`Debian ${RELEASE} has moved to Mbed TLS ${version}, which is not pinned here. ${ADVICE}`);
  }
  if (digest !== PINS[version]) {
    throw new Error(`Mbed TLS ${version}: SHA-256 is ${digest}, expected ${PINS[version]}. ${ADVICE}`);
  }
  const fresh = join(work, "tree");
  await mkdir(fresh);
  await run("tar", ["-xf", tarball, "-C", fresh, "--strip-components=1"]);
  const tree = join(root, version);
  // A rename is atomic: two builds at once both end with a whole tree.
  await rename(fresh, tree).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  return tree;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(await mbedtls());
}
