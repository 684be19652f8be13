/** What the command line says of secure sessions and of who we are in them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "../hal/identity.js";
import type { HintedKey } from "../hal/portable/psk.js";
import { identityOf, loadPsks, loadRequester, PSK_FILE } from "./identity.js";
import { mlDsaCredentials, mlDsaIdentity } from "./ml-dsa-identity.js";
import { AEADS, ASYMS, DHES, KEMS, oneOrAll, oneOrOthers, PQC_ASYMS } from "./requester/names.js";
import type { Offer, SessionOffer } from "./requester/offer.js";
import { CERTIFICATES, ensureCertificates } from "./target.js";

export interface SessionArguments {
  session?: boolean;
  psk?: string;
  pskKey?: string;
  dhe?: string;
  kem?: string;
  aead?: string;
  inTheClear?: boolean;
  keyUpdate?: boolean;
  mutual?: boolean;
  identity?: string;
}

/** Throws an Error if the arguments do not go together, or name a key that is not there. */
export async function sessionOffer(options: SessionArguments): Promise<SessionOffer | undefined> {
  const { session, psk, pskKey, dhe, kem, aead, inTheClear = false, keyUpdate = false } = options;
  if (session !== true) {
    const given = { "--psk": psk, "--psk-key": pskKey, "--dhe": dhe, "--kem": kem, "--aead": aead };
    const flags = { "--in-the-clear": inTheClear || undefined, "--key-update": keyUpdate || undefined };
    const alone = Object.entries({ ...given, ...flags }).find(([, value]) => value !== undefined);
    if (alone !== undefined) throw new Error(`${alone[0]} says how a session is to be: give --session`);
    return undefined;
  }
  if (psk === undefined && pskKey !== undefined) throw new Error("give --psk HINT with --psk-key");
  if (psk !== undefined && (inTheClear || dhe !== undefined || kem !== undefined)) {
    throw new Error("PSK_EXCHANGE has neither --dhe nor --kem nor a handshake --in-the-clear");
  }
  return {
    psk: psk === undefined ? undefined : await pskOf(psk, pskKey),
    dhe: oneOrOthers(DHES, dhe, kem),
    kem: oneOrOthers(KEMS, kem, dhe),
    aead: oneOrAll(AEADS, aead),
    inTheClear,
    updateKeys: keyUpdate,
  };
}

/** What we prove ourselves with, by default the development PKI's requester; nothing if we are not to. */
export async function ownIdentities({
  mutual,
  identity,
}: SessionArguments): Promise<Pick<Offer, "identities" | "pqcIdentities">> {
  if (mutual !== true) {
    if (identity !== undefined) throw new Error("--identity says who we are: give --mutual");
    return {};
  }
  if (identity === undefined) await ensureCertificates();
  return requesterIdentities(identity ?? CERTIFICATES);
}

/** What a requester proves itself with, out of a folder in DMTF's layout. Throws an Error if there is nothing of it. */
export function requesterIdentities(path: string): Pick<Offer, "identities" | "pqcIdentities"> {
  const pqcCredentials = mlDsaCredentials(path, "requester");
  const credentials = loadRequester(path, pqcCredentials.length === 0);
  const under = (algorithms: readonly number[], read: (algorithm: number) => Identity) => {
    const own = algorithms.map((algorithm) => ({ algorithm, identity: read(algorithm) }));
    const held = own.filter(({ identity }) => identity.slotMask !== 0);
    return held.length === 0 ? undefined : held;
  };
  return {
    identities: under(Object.values(ASYMS), (algorithm) => identityOf(credentials, algorithm)),
    pqcIdentities: under(Object.values(PQC_ASYMS), (algorithm) => mlDsaIdentity(pqcCredentials, algorithm)),
  };
}

/**
 * A pre-shared key.
 * @param name The hint: text, or 0x and hexadecimal.
 * @param key Hexadecimal; or a file, either keys by hint (.json) or the key as it is; by default the development key.
 */
async function pskOf(name: string, key: string | undefined): Promise<HintedKey> {
  const hint = /^0x([\da-f]{2})+$/i.test(name) ? Buffer.from(name.slice(2), "hex") : Buffer.from(name);
  if (key === undefined) await ensureCertificates();
  const file = key ?? join(CERTIFICATES, PSK_FILE);
  if (/^([\da-f]{2})+$/i.test(file) && !existsSync(file)) return { hint, key: Buffer.from(file, "hex") };
  if (!file.endsWith(".json")) return { hint, key: readFileSync(file) };
  const found = loadPsks(file).find((psk) => hint.equals(psk.hint));
  if (found === undefined) throw new Error(`${file}: no pre-shared key of the hint ${name}`);
  return found;
}
