/** Aliases that firmware with PSA issues as it starts, if it is provisioned to: its chains end with the device's authority. */
import type { CredentialEntry } from "../certs/identity-image.js";
import { aliasDone, aliasKey, aliasSign } from "../hal/chip/alias.js";
import type { Identity } from "../hal/identity.js";
import { openKey, sha256, sha384 } from "../hal/psa/psa.js";
import { ECDSA_P384 } from "../src/algorithms.js";
import { issueAlias } from "../src/alias-certificate.js";
import { ALIAS_CERT_CAP } from "../src/capabilities.js";
import { leafOf } from "../src/chain.js";
import { GET_CERTIFICATE } from "../src/exchange.js";
import { ALIAS_CERT } from "../src/key-pairs.js";
import { latin1 } from "../src/latin1.js";
import type { Options } from "../src/responder.js";
import { type TcbInfo, tcbInfoOf, writeTcbInfo } from "../src/tcb-info.js";
import type { Provisioned } from "./firmware.js";
import type { Reporting } from "./reporting.js";

const MODEL = "moddable-spdm";

/** An alias and its certificate, which stands behind what its slot has in flash. */
interface Alias {
  readonly leaf: Uint8Array;
  sign(digest: Uint8Array, signature: Uint8Array): void;
}

/** `reporting`, and aliases of what is measured then. */
export const issuing =
  (reporting: Reporting): Reporting =>
  (options, configuration, identity) =>
    withAliases(reporting(options, configuration, identity), identity);

/** Throws an Error if there are other chains beside those that aliases belong to: CAPABILITIES speaks of all. */
function withAliases(options: Options, { credentials }: Provisioned): Options {
  const issuers = credentials.filter(({ model }) => model === ALIAS_CERT);
  if (issuers.length === 0) return options;
  if (issuers.length !== credentials.length) throw new Error("device certificates beside aliases");
  const tcbInfo = tcbInfoOf(options.measurements!.source, sha384, latin1(MODEL));
  const baseAsym = options.baseAsym.map(({ algorithm, identity }) => ({
    algorithm,
    identity: aliasIdentity(
      identity,
      issue(
        identity,
        issuers.filter((each) => each.algorithm === algorithm),
        tcbInfo,
      ),
    ),
  }));
  aliasDone();
  const exchanges = options.exchanges.map((each) =>
    each.request === GET_CERTIFICATE ? { ...each, capability: each.capability | ALIAS_CERT_CAP } : each,
  );
  return { ...options, baseAsym, exchanges };
}

/** By slot. */
function issue(identity: Identity, entries: readonly CredentialEntry[], tcbInfo: TcbInfo): (Alias | undefined)[] {
  const aliases: (Alias | undefined)[] = new Array(8).fill(undefined);
  const measured = writeTcbInfo(tcbInfo);
  for (const { index, slot, algorithm } of entries) {
    const key = openKey(aliasKey(index, measured));
    if (key === undefined) throw new Error(`no alias for slot ${slot}`);
    const publicKey = new Uint8Array(identity.signatureLength);
    key.publicKey(publicKey);
    const sign = (digest: Uint8Array) => {
      const signature = new Uint8Array(identity.signatureLength);
      aliasSign(index, digest, signature);
      return signature;
    };
    const issuer = { deviceCert: leafOf(identity, slot), hash: algorithm === ECDSA_P384 ? sha384 : sha256, sign };
    const leaf = issueAlias(issuer, { algorithm, publicKey, tcbInfo });
    aliases[slot] = { leaf, sign: (digest, signature) => key.sign(digest, signature) };
  }
  return aliases;
}

function aliasIdentity(device: Identity, aliases: readonly (Alias | undefined)[]): Identity {
  return {
    signatureLength: device.signatureLength,
    slotMask: device.slotMask,
    certificateModel: () => ALIAS_CERT,
    chainLength: (slot) => device.chainLength(slot) + (aliases[slot]?.leaf.length ?? 0),
    readChain(slot, offset, into) {
      const inFlash = Math.max(0, Math.min(device.chainLength(slot) - offset, into.length));
      if (inFlash > 0) device.readChain(slot, offset, into.subarray(0, inFlash));
      const start = offset + inFlash - device.chainLength(slot);
      if (inFlash < into.length) into.set(aliases[slot]!.leaf.subarray(start, start + into.length - inFlash), inFlash);
    },
    sign: (slot, digest, signature) => aliases[slot]!.sign(digest, signature),
  };
}
