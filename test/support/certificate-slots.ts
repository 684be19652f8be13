/** A board whose certificates can be requested and set, and requests for both, written out by hand. */

import type { PendingRequests } from "../../hal/certificate-slots.js";
import {
  type ChangeableIdentity,
  changeableIdentity,
  type PortableSlotsOptions,
} from "../../hal/portable/certificate-slots.js";
import { sha384 } from "../../hal/portable/crypto.js";
import type { Slot } from "../../hal/portable/identity.js";
import { MemoryKeyPairs, P256_INFO, P384_INFO } from "../../hal/portable/key-pairs.js";
import { KEY_P256 } from "../../src/key-pairs.js";
import { csr } from "../../src/messages/csr.js";
import { type SetCertificatePolicy, setCertificate } from "../../src/messages/set-certificate.js";
import type { PathEngines } from "../../src/requester-chain.js";
import type { Options } from "../../src/responder.js";
import { keyAlgorithm } from "../../src/slot-keys.js";
import { V1_3, type Version } from "../../src/versions.js";
import { concat, fromHex, toHex, u16 } from "./bytes.js";
import { type Board, CURVES, type Curve, chainOf, HASHES } from "./fixture.js";
import { deterministicRandom } from "./random.js";
import { EXCHANGES, sessionBoard } from "./session.js";

/** In sessions slots 1 to 7; nowhere slot 0. */
export const IN_SESSIONS: SetCertificatePolicy = Object.freeze({
  trustedEnvironment: false,
  slotsInSessions: 0xfe,
  provenRequesters: false,
});
export const TRUSTED: SetCertificatePolicy = Object.freeze({ ...IN_SESSIONS, trustedEnvironment: true });

/** What the certificates of test/vectors/keys are verified with. */
export const ENGINES = Object.freeze({
  verifiers: CURVES.map(({ algorithm, verifier }) => ({ algorithm, engine: verifier })),
  hashes: HASHES.map(({ engine }) => engine),
});

/**
 * Verifiers that know by heart what the real ones said of a first chain, and believe no other signature: real ones take too
 * long to fuzz with.
 */
export function recalling(): PathEngines["verifiers"] {
  const known: string[] = [];
  return ENGINES.verifiers.map(({ algorithm, engine }) => ({
    algorithm,
    engine: {
      ...engine,
      verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array) {
        const asked = toHex(concat(publicKey, digest, signature));
        if (known.includes(asked)) return true;
        if (known.length === 3 || !engine.verify(publicKey, digest, signature)) return false;
        known.push(asked);
        return true;
      },
    },
  }));
}

export interface ChangeableBoard extends Board {
  /** P-384's, which is what is negotiated by default, and P-256's. */
  readonly identities: readonly ChangeableIdentity[];
  readonly keyPairs: MemoryKeyPairs;
}

export interface ChangeableOptions extends Partial<Omit<PortableSlotsOptions, "algorithm" | "keys">> {
  readonly policy?: SetCertificatePolicy;
  readonly pending?: PendingRequests;
  readonly calendar?: () => number;
  readonly verifiers?: PathEngines["verifiers"];
  readonly changes?: Partial<Options>;
}

/** Slots 0 and 1 share a key, slot 4 has its own. KeyPairIDs 1 and 2 are those of P-256, 3 and 4 those of P-384. */
export function changeableBoard(options: ChangeableOptions = {}): ChangeableBoard {
  const { policy = TRUSTED, pending, calendar, verifiers = ENGINES.verifiers, changes = {}, ...slots } = options;
  const { needsReset = false } = slots;
  const keys = CURVES.map(keysOf);
  const keyPairs: MemoryKeyPairs = new MemoryKeyPairs({
    algorithms: [],
    provisioned: keys.flatMap(({ asym, info, own, shared }) => [
      { asym, slotMask: 0x03, publicKeyInfo: info, signer: shared },
      { asym, slotMask: 0x10, publicKeyInfo: info, signer: own },
    ]),
    spareCount: 0,
    policy: { trustedEnvironment: true, provenRequesters: false, needsReset: false },
    holdsChain: () => true,
  });
  const identities = [1, 0].map((i) => identityOf(CURVES[i], keys[i], keyPairs, { capacity: 4096, ...slots }));
  const board = sessionBoard(
    {},
    {
      baseAsym: [CURVES[1], CURVES[0]].map(({ algorithm }, i) => ({ algorithm, identity: identities[i] })),
      exchanges: [
        ...EXCHANGES,
        csr({ hash: sha384, ...(pending === undefined ? {} : { pending }) }),
        setCertificate({ ...ENGINES, verifiers, policy, needsReset, calendar }),
        ...(changes.exchanges ?? []),
      ],
      ...(changes.events === undefined ? {} : { events: changes.events }),
    },
  );
  return { ...board, identities, keyPairs };
}

function keysOf(curve: Curve) {
  const random = deterministicRandom(2);
  const keys = curve.data.keys as Readonly<Record<string, string>>;
  const [shared, own] = ["0", "4"].map((slot) => curve.signer(fromHex(keys[slot]), random));
  const asym = keyAlgorithm(curve.algorithm);
  return { asym, info: Uint8Array.from(asym === KEY_P256 ? P256_INFO : P384_INFO), shared, own };
}

function identityOf(
  curve: Curve,
  { asym, shared, own }: ReturnType<typeof keysOf>,
  keyPairs: MemoryKeyPairs,
  options: Omit<PortableSlotsOptions, "algorithm" | "keys">,
): ChangeableIdentity {
  const slots = [0, 1, 4].map((slot): [number, Slot] => [
    slot,
    { chain: chainOf(curve, slot), signer: slot === 4 ? own : shared },
  ]);
  return changeableIdentity(new Map(slots), { ...options, algorithm: curve.algorithm, keys: keyPairs.slotKeys(asym) });
}

/** Requests that wait for `reset`. */
export class Waiting implements PendingRequests {
  readonly #stored = new Map<number, Uint8Array>();
  readonly #ready = new Set<number>();

  find(tag: number): Uint8Array | undefined {
    return this.#stored.get(tag);
  }

  store(tag: number, request: Uint8Array): boolean {
    this.remove(tag);
    this.#stored.set(tag, request.slice());
    return true;
  }

  remove(tag: number): void {
    this.#stored.delete(tag);
    this.#ready.delete(tag);
  }

  isReady(tag: number): boolean {
    return this.#ready.has(tag);
  }

  reset(): void {
    for (const tag of this.#stored.keys()) this.#ready.add(tag);
  }
}

export interface CsrFields {
  keyPairId?: number;
  param2?: number;
  info?: Uint8Array;
  opaque?: Uint8Array;
}

export function getCsr(v: Version, m: CsrFields = {}): Uint8Array {
  const { keyPairId = 0, param2 = 0, info = new Uint8Array(0), opaque = new Uint8Array(0) } = m;
  return concat(Uint8Array.of(v, 0xed, keyPairId, param2, ...u16(info.length), ...u16(opaque.length)), info, opaque);
}

/** `chain` in SPDM's form. */
export const setCertificateRequest = (v: Version, slot: number, chain: Uint8Array, param2 = 0): Uint8Array =>
  concat(Uint8Array.of(v, 0xee, slot, param2), chain);

export const eraseRequest = (slot: number, v: Version = V1_3): Uint8Array => Uint8Array.of(v, 0xee, slot | 0x80, 0);
