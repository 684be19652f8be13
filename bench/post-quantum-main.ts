/**
 * Runs on the emulated board in the place of its firmware (measure.ts): what ML-DSA-65 and ML-KEM-768 cost there in
 * JavaScript. The requester is here too, so that neither bus nor a chain of 17 KB is in the way.
 */
import { cryptoEnter, cryptoLeave, milliseconds, print, random } from "../hal/chip/chip.js";
import type { Aead } from "../hal/crypto.js";
import { sha384 } from "../hal/portable/crypto.js";
import { portableIdentity } from "../hal/portable/identity.js";
import { mlDsa65Signer } from "../hal/portable/ml-dsa.js";
import { mlKem768 } from "../hal/portable/ml-kem.js";
import * as algorithm from "../src/algorithms.js";
import { ENCRYPT_CAP, KEY_EX_CAP, MAC_CAP } from "../src/capabilities.js";
import { CHALLENGE, GET_CAPABILITIES, GET_VERSION, KEY_EXCHANGE, NEGOTIATE_ALGORITHMS } from "../src/exchange.js";
import { NO_SUMMARY } from "../src/measurement-block.js";
import { algorithms, writeNegotiateAlgorithms } from "../src/messages/algorithms.js";
import { capabilities, writeGetCapabilities } from "../src/messages/capabilities.js";
import { challenge, writeChallenge } from "../src/messages/challenge.js";
import { keyExchange, writeKeyExchange } from "../src/messages/key-exchange.js";
import { version, writeGetVersion } from "../src/messages/version.js";
import { NO_OPAQUE } from "../src/opaque.js";
import { Responder } from "../src/responder.js";
import { V1_0, V1_4 } from "../src/versions.js";
import { Writer } from "../src/wire.js";

const DATA_TRANSFER_SIZE = 5120;
const NONE = new Uint8Array(0);
/** DER of one empty certificate, as far as the responder looks. */
const CHAIN = Uint8Array.of(0x30, 0x00, 0x00, 0x00);
/** No record is made here, only the keys for some. */
const NO_AEAD: Aead = {
  keyLength: 32,
  nonceLength: 12,
  tagLength: 16,
  create: () => ({ seal() {}, open: () => false, destroy() {} }),
};

/** Says how long `work` takes: with an instruction a nanosecond, in millions of instructions. */
function timed<Result>(name: string, work: () => Result): Result {
  const began = milliseconds();
  cryptoEnter();
  const result = work();
  cryptoLeave();
  print(`cost ${(milliseconds() - began) | 0} ${name}`);
  return result;
}

const signer = timed("ML-DSA-65 key pair, at boot", () => mlDsa65Signer(new Uint8Array(32).fill(1), random));
const responder = new Responder({
  versions: [V1_4],
  exchanges: [version, capabilities, algorithms, challenge, keyExchange],
  baseHash: [{ algorithm: algorithm.SHA_384, engine: sha384 }],
  baseAsym: [],
  pqcAsym: [{ algorithm: algorithm.ML_DSA_65, identity: portableIdentity(new Map([[0, { chain: CHAIN, signer }]])) }],
  sessions: {
    dhe: [],
    kem: [{ algorithm: algorithm.ML_KEM_768, engine: mlKem768(random) }],
    aead: [{ algorithm: algorithm.AES_256_GCM, engine: NO_AEAD }],
  },
  random,
  ctExponent: 25,
  dataTransferSize: DATA_TRANSFER_SIZE,
  onFault: (error) => print(`${error}`),
});

const response = new Uint8Array(DATA_TRANSFER_SIZE);

function ask(name: string, code: number, write: (w: Writer) => void): void {
  const w = new Writer(new Uint8Array(2048));
  w.u8(code === GET_VERSION ? V1_0 : V1_4);
  w.u8(code);
  write(w);
  const length = timed(name, () => responder.respond(w.written(), response));
  if (response[1] !== (code & 0x7f)) throw new Error(`${name} is refused: ${response[2]}`);
  print(`bytes ${w.offset} ${length} ${name}`);
}

const table = (type: number, supported: number) => ({ type, supported, ext: NONE });
ask("GET_VERSION", GET_VERSION, writeGetVersion);
ask("GET_CAPABILITIES", GET_CAPABILITIES, (w) =>
  writeGetCapabilities(
    w,
    {
      param1: 0,
      ctExponent: 0,
      extFlags: 0,
      flags: KEY_EX_CAP | MAC_CAP | ENCRYPT_CAP,
      dataTransferSize: DATA_TRANSFER_SIZE,
      maxSpdmMsgSize: DATA_TRANSFER_SIZE,
    },
    V1_4,
  ),
);
ask("NEGOTIATE_ALGORITHMS", NEGOTIATE_ALGORITHMS, (w) =>
  writeNegotiateAlgorithms(
    w,
    {
      length: 32 + 3 * 4,
      measurementSpecification: 0,
      otherParams: algorithm.OPAQUE_DATA_FORMAT_1,
      baseAsym: 0,
      baseHash: algorithm.SHA_384,
      pqcAsym: algorithm.ML_DSA_65,
      melSpecification: 0,
      extAsym: NONE,
      extHash: NONE,
      tables: [
        table(algorithm.AEAD, algorithm.AES_256_GCM),
        table(algorithm.KEY_SCHEDULE, algorithm.SPDM_KEY_SCHEDULE),
        table(algorithm.KEM, algorithm.ML_KEM_768),
      ],
    },
    V1_4,
  ),
);
const nonce = new Uint8Array(32);
ask("CHALLENGE, ML-DSA-65", CHALLENGE, (w) =>
  writeChallenge(w, { slot: 0, summaryType: NO_SUMMARY, nonce, context: new Uint8Array(8) }, V1_4),
);
// All zeros are an encapsulation key like others.
const exchangeData = new Uint8Array(1184);
ask("KEY_EXCHANGE, ML-KEM-768 and ML-DSA-65", KEY_EXCHANGE, (w) =>
  writeKeyExchange(
    w,
    {
      summaryType: NO_SUMMARY,
      slot: 0,
      sessionId: 1,
      sessionPolicy: 0,
      randomData: nonce,
      exchangeData,
      opaque: NO_OPAQUE,
    },
    V1_4,
  ),
);
const [ciphertext, secret] = [new Uint8Array(1088), new Uint8Array(32)];
timed("ML-KEM-768 encapsulation alone", () => mlKem768(random).encapsulate(exchangeData, ciphertext, secret));
