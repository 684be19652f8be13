/** Key pairs and slots of a responder: shown, and changed. */
import type { DesiredKeyPair } from "../../hal/key-pairs.js";
import { CERT_CAP, GET_KEY_PAIR_INFO_CAP, SET_KEY_PAIR_INFO_CAP } from "../../src/capabilities.js";
import { GET_KEY_PAIR_INFO, SET_KEY_PAIR_INFO } from "../../src/exchange.js";
import { CERT_ASSOC_CAP, SHAREABLE_CAP } from "../../src/key-pairs.js";
import { NO_SUMMARY } from "../../src/measurement-block.js";
import type { Digests, KeyInfo } from "../../src/messages/digests.js";
import { type KeyPairInfo, readKeyPairInfo, writeGetKeyPairInfo } from "../../src/messages/key-pair-info.js";
import { readSetKeyPairInfoAck, writeSetKeyPairInfo } from "../../src/messages/set-key-pair-info.js";
import { V1_3 } from "../../src/versions.js";
import type { Link } from "../link.js";
import type { ProgressListener } from "../progress.js";
import { negotiateAlgorithms } from "./algorithms.js";
import { askAllDigests } from "./certificate.js";
import { agreeVersion, exchangeCapabilities } from "./connect.js";
import { Conversation, decode, type RandomBytes, requireEnd } from "./conversation.js";
import { endSession } from "./in-session.js";
import { ASYMS, nameOf, versionName } from "./names.js";
import type { Offer } from "./offer.js";
import { openSession } from "./session.js";
import { Impossible, Untrusted } from "./verdict.js";

/** What SET_KEY_PAIR_INFO is to do first. */
export interface KeyChange {
  /** `CHANGE`, `ERASE` or `GENERATE`. */
  readonly operation: number;
  readonly keyPairId: number;
  readonly desired: DesiredKeyPair;
}

export interface KeysOptions extends Offer {
  readonly change?: KeyChange | undefined;
  readonly onProgress: ProgressListener;
  readonly random?: RandomBytes;
}

export interface SlotKey extends KeyInfo {
  readonly slot: number;
}

export interface KeysResult {
  readonly version: string;
  /** Of the slots. */
  readonly baseAsym: string;
  readonly pairs: readonly KeyPairInfo[];
  /** What DIGESTS show of slots; undefined where they show no keys. */
  readonly slots: readonly SlotKey[] | undefined;
  /** Whether it came in a session, and so from who has the pre-shared key. */
  readonly authenticated: boolean;
}

/** Rejects with Impossible, Untrusted or a TimeoutError. */
export async function readKeys(link: Link, options: KeysOptions): Promise<KeysResult> {
  const c = new Conversation(link, options.random);
  try {
    return await converse(c, options);
  } finally {
    c.close();
  }
}

async function converse(c: Conversation, options: KeysOptions): Promise<KeysResult> {
  const { onProgress, session, change } = options;
  onProgress("GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS");
  await agreeVersion(c, options);
  if (c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no key pairs`);
  await exchangeCapabilities(c, options);
  if ((c.flags & GET_KEY_PAIR_INFO_CAP) === 0) throw new Impossible("the responder shows no key pairs");
  const chosen = await negotiateAlgorithms(c, { ...options, multiKey: true });
  if (session !== undefined) {
    onProgress("PSK_EXCHANGE, PSK_FINISH");
    const nobody = {
      slot: 0,
      chainDigest: NO_BYTES,
      key: { verifier: NO_VERIFIER, publicKey: NO_BYTES },
      prover: undefined,
    };
    await openSession(c, session, chosen, nobody, NO_SUMMARY);
  }
  if (change !== undefined) {
    onProgress("SET_KEY_PAIR_INFO");
    await setKeyPair(c, change);
  }
  onProgress("GET_DIGESTS, GET_KEY_PAIR_INFO");
  const digests = (c.flags & CERT_CAP) === 0 ? undefined : await askAllDigests(c);
  const pairs = await askKeyPairs(c);
  if (session !== undefined) await endSession(c);
  return {
    version: versionName(c.version),
    baseAsym: nameOf(ASYMS, chosen.baseAsym),
    pairs,
    slots: digests === undefined ? undefined : slotKeys(digests),
    authenticated: session !== undefined,
  };
}

const NO_BYTES = new Uint8Array(0);
/** Sessions by pre-shared key have nothing to verify. */
const NO_VERIFIER = Object.freeze({ signatureLength: 0, publicKeyLength: 0, verify: () => false });

async function setKeyPair(c: Conversation, change: KeyChange): Promise<void> {
  if ((c.flags & SET_KEY_PAIR_INFO_CAP) === 0) throw new Impossible("the responder has no SET_KEY_PAIR_INFO");
  const { response } = await c.ask(SET_KEY_PAIR_INFO, (w) => writeSetKeyPairInfo(w, change, c.version), true);
  decode("SET_KEY_PAIR_INFO_ACK", () => readSetKeyPairInfoAck(response));
  requireEnd("SET_KEY_PAIR_INFO_ACK", response);
}

async function askKeyPairs(c: Conversation): Promise<KeyPairInfo[]> {
  const pairs: KeyPairInfo[] = [];
  do {
    const id = pairs.length + 1;
    const { response } = await c.ask(GET_KEY_PAIR_INFO, (w) => writeGetKeyPairInfo(w, id));
    const pair = decode("KEY_PAIR_INFO", () => readKeyPairInfo(response, c.version));
    // DMTF's responder sends six more bytes in 1.4.
    check(pair, id, pairs[0]?.total ?? pair.total, (c.flags & SET_KEY_PAIR_INFO_CAP) !== 0);
    pairs.push(pair);
  } while (pairs.length < pairs[0].total);
  return pairs;
}

const isWithin = (bits: number, mask: number): boolean => (bits & ~mask) === 0;
const isOneAtMost = (bits: number): boolean => (bits & (bits - 1)) === 0;

/** Throws Untrusted for a key pair that contradicts itself, or what was said before. */
function check(pair: KeyPairInfo, id: number, total: number, canBeSet: boolean): void {
  const { asym, pqcAsym, capabilities } = pair;
  if (pair.keyPairId !== id || pair.total !== total || total < id) {
    throw new Untrusted("KEY_PAIR_INFO: of another key pair, or among another number of them");
  }
  const fits =
    (canBeSet || capabilities === 0) &&
    ((capabilities & SHAREABLE_CAP) === 0 || (capabilities & CERT_ASSOC_CAP) !== 0) &&
    pair.usageCapabilities !== 0 &&
    isWithin(pair.usage, pair.usageCapabilities) &&
    (pair.asymCapabilities | pair.pqcAsymCapabilities) !== 0 &&
    isWithin(asym, pair.asymCapabilities) &&
    isWithin(pqcAsym, pair.pqcAsymCapabilities) &&
    isOneAtMost(asym) &&
    isOneAtMost(pqcAsym) &&
    (asym === 0 || pqcAsym === 0);
  if (!fits) throw new Untrusted(`KEY_PAIR_INFO: key pair ${id} is what it may not be`);
}

function slotKeys({ slotMask, keys }: Digests): SlotKey[] | undefined {
  const slots = [0, 1, 2, 3, 4, 5, 6, 7].filter((slot) => (slotMask & (1 << slot)) !== 0);
  return keys?.map((key, i) => ({ slot: slots[i], ...key }));
}
