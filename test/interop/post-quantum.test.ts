/**
 * ML-DSA and ML-KEM with DMTF's own emulator, either way, requesters that prove themselves included. It has them in builds over
 * OpenSSL 3.5 or later; without SPDM_EMU_BIN (emu.ts), or with a build that has them not, left out.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { ML_DSAS } from "../../certs/ml-dsa.js";
import { makeCertificates } from "../../cli/certs.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, KEMS, PQC_ASYMS } from "../../cli/requester/names.js";
import { requesterIdentities } from "../../cli/session-options.js";
import { readAnchors } from "../../cli/target.js";
import { V1_4 } from "../../src/versions.js";
import {
  assertSuccess,
  connected,
  KEYS,
  KeyFolder,
  runRequester,
  skip,
  startResponder,
  TIMEOUT_MS,
  traceWhile,
} from "./emu.js";
import { completeForEmulator } from "./emulator-keys.js";

const SUITE = ["--ver", "1.4", "--hash", "SHA_384", "--aead", "AES_256_GCM"];
const CLASSICAL = ["--asym", "ECDSA_P384", "--dhe", "SECP_384_R1"];
const NOTHING_CLASSICAL = ["--asym", "NONE", "--dhe", "NONE"];
const emulatorsName = (name: string) => name.replaceAll("-", "_");
const pqc = (asym: string, kem: string) => ["--pqc_asym", emulatorsName(asym), "--kem", emulatorsName(kem)];
const ownedBy = (asym: string) => ["--req_pqc_asym", emulatorsName(asym), "--req_asym", "NONE"];
const BY_ECDSA = ["--req_asym", "ECDSA_P384"];

/** A folder of keys, P-384 and each ML-DSA. */
async function makeKeys(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "spdm-pqc-keys-"));
  await makeCertificates({ out: folder });
  await makeCertificates({ out: folder, kinds: ML_DSAS });
  completeForEmulator(folder);
  cpSync(join(KEYS, "psk.json"), join(folder, "psk.json"));
  return folder;
}

/** Whether this build gets as far as a signature by ML-DSA: others have its options, too, and negotiate it. */
async function hasPqc(): Promise<boolean> {
  const folder = new KeyFolder(keys);
  const options = [...SUITE, ...NOTHING_CLASSICAL, ...pqc("ML-DSA-65", "ML-KEM-768"), ...BY_ECDSA];
  const child = startResponder(26499, folder, options);
  await (await connected(26499)).close();
  const asked = ["--exe_conn", "DIGEST,CERT,CHAL", "--exe_session", "NO_END"];
  const output = await runRequester(26499, folder, [...options, ...asked]);
  child.kill();
  folder.remove();
  return /exit 0$/.test(output);
}

const keys = skip ? "" : await makeKeys();
const unable = skip || ((await hasPqc()) ? false : "this build of spdm-emu has no post-quantum cryptography");
after(() => rmSync(keys, { recursive: true, force: true }));

let port = 26400;

/** All of each, and how much goes over at once. */
const PAIRS = ML_DSAS.flatMap(({ name: asym }) => Object.keys(KEMS).map((kem) => ({ asym, kem })));
const SIZES = [1024, 128];

/** Besides, what it can ask of keys of slots and of the device. */
const EVERYTHING = ["--exe_conn", "DIGEST,CERT,CHAL,MEAS,MEL,GET_KEY_PAIR_INFO,SET_KEY_PAIR_INFO,EP_INFO"];
const IN_SESSIONS =
  "KEY_EX,PSK,APP,HEARTBEAT,KEY_UPDATE,MEAS,MEL,DIGEST,CERT,GET_KEY_PAIR_INFO,SET_KEY_PAIR_INFO,EP_INFO";

interface Run {
  readonly name: string;
  readonly serve?: readonly string[];
  readonly options: readonly string[];
  /** What the trace must have. */
  readonly sent?: RegExp;
}

const withPqc = (asym: string, kem: string) => [...NOTHING_CLASSICAL, ...pqc(asym, kem)];

const RUNS: readonly Run[] = [
  ...PAIRS.map(({ asym, kem }) => ({
    name: `${asym}, ${kem}`,
    options: [...withPqc(asym, kem), ...BY_ECDSA],
  })),
  ...ML_DSAS.flatMap(({ name: asym }, i) =>
    SIZES.map((size) => ({
      name: `${asym}, ${Object.keys(KEMS)[i]}, ${size} bytes at once`,
      serve: ["--transfer-size", String(size)],
      options: [...withPqc(asym, Object.keys(KEMS)[i]), ...BY_ECDSA],
      sent: /^1\.4 CHUNK_GET/m,
    })),
  ),
  ...ML_DSAS.flatMap(({ name: asym }) =>
    ["provisioned", "encapsulated", "digests"].map((how) => ({
      name: `${asym}, the requester too, ${how}`,
      serve: ["--mutual", how],
      options: [...withPqc(asym, "ML-KEM-768"), ...ownedBy(asym)],
    })),
  ),
  {
    name: "ML-DSA-87 of both, in the clear, 256 bytes at once",
    serve: ["--mutual", "encapsulated", "--in-the-clear", "--transfer-size", "256"],
    options: [...withPqc("ML-DSA-87", "ML-KEM-1024"), ...ownedBy("ML-DSA-87")],
    sent: /^1\.4 CHUNK_SEND/m,
  },
  {
    name: "ML-DSA-44, by P-384 of the requester",
    serve: ["--mutual", "encapsulated"],
    options: [...withPqc("ML-DSA-44", "ML-KEM-512"), ...BY_ECDSA],
  },
  {
    name: "P-384 and secp384r1, by ML-DSA-65 of the requester",
    serve: ["--mutual", "encapsulated"],
    options: [...CLASSICAL, "--pqc_asym", "NONE", "--kem", "NONE", ...ownedBy("ML-DSA-65")],
  },
  {
    name: "ML-DSA-65 of both, slots with keys of their own, log and endpoint information",
    serve: ["--mutual", "encapsulated", "--key-changes", "trusted"],
    options: [
      ...[
        ...withPqc("ML-DSA-65", "ML-KEM-768"),
        ...ownedBy("ML-DSA-65"),
        "--other_param",
        "OPAQUE_FMT_1,MULTI_KEY_CONN",
      ],
      ...[...EVERYTHING, "--exe_session", IN_SESSIONS],
    ],
    sent: /^1\.4 SET_KEY_PAIR_INFO in session/m,
  },
  ...["TRUE", "FALSE"].map((first) => ({
    name: `all that it has, --pqc_first ${first}`,
    serve: ["--mutual", "encapsulated"],
    options: [
      ...CLASSICAL,
      ...pqc("ML-DSA-65", "ML-KEM-768"),
      ...ownedBy("ML-DSA-65"),
      ...BY_ECDSA,
      "--pqc_first",
      first,
    ],
  })),
];

const CONNECTION = ["--meas_op", "ALL", "--exe_conn", "DIGEST,CERT,CHAL,MEAS"];
const SESSION = ["--exe_session", "KEY_EX,PSK,APP,HEARTBEAT,KEY_UPDATE,MEAS,DIGEST,CERT"];

describe("spdm_requester_emu against serve --host", { skip: unable, timeout: TIMEOUT_MS }, () => {
  for (const { name, serve = [], options, sent } of RUNS) {
    test(name, async () => {
      const own = port++;
      const folder = new KeyFolder(keys);
      const trace = await traceWhile(own, ["--host", ...serve], keys, async () =>
        assertSuccess(await runRequester(own, folder, [...SUITE, ...CONNECTION, ...SESSION, ...options])),
      ).finally(() => folder.remove());
      // Who asks for endpoint information also fetches encapsulated requests, of which there are none.
      assert.doesNotMatch(trace, /ERROR (?!NoPendingRequests)/);
      assert.match(trace, /^1\.4 KEY_EXCHANGE/m);
      assert.match(trace, /^1\.4 PSK_FINISH/m);
      if (sent !== undefined) assert.match(trace, sent);
      if (serve.includes("encapsulated")) assert.match(trace, /^1\.4 DELIVER_ENCAPSULATED_RESPONSE/m);
    });
  }
});

const CLASSICAL_OFFER: Partial<AttestOptions> = { baseAsym: ASYMS["P-384"] };
const offer = (asym: string, kem: string): Partial<AttestOptions> => ({
  pqcAsym: PQC_ASYMS[asym],
  session: { dhe: 0, kem: KEMS[kem], aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: true },
});
const ours = (name: string) =>
  requesterIdentities(keys).pqcIdentities!.filter(({ algorithm }) => algorithm === PQC_ASYMS[name]);

interface Attested {
  readonly name: string;
  readonly responder: readonly string[];
  readonly options: () => Partial<AttestOptions>;
  /** What it comes to: signatures, key exchange, and the leaf that we proved ourselves by. */
  readonly chosen: readonly [asym: string, exchange: string, requester?: string];
}

const askedBy = (how: string) => ["--mut_auth", how, "--basic_mut_auth", "NO"];
const BOTH = {
  responder: [...CLASSICAL, ...pqc("ML-DSA-65", "ML-KEM-768"), "--req_pqc_asym", "ML_DSA_65", ...BY_ECDSA],
  options: () => {
    const { session, ...rest } = offer("ML-DSA-65", "ML-KEM-768");
    const { identities } = requesterIdentities(keys);
    const own = identities!.filter(({ algorithm }) => algorithm === ASYMS["P-384"]);
    const either = { ...session!, dhe: DHES.secp384r1 };
    return { ...rest, ...CLASSICAL_OFFER, session: either, identities: own, pqcIdentities: ours("ML-DSA-65") };
  },
};

const ATTESTED: readonly Attested[] = [
  ...PAIRS.flatMap(({ asym, kem }, i) =>
    [undefined, ...(i % 4 === 0 ? SIZES : [])].map((dataTransferSize) => ({
      name: `${asym}, ${kem}${dataTransferSize === undefined ? "" : `, ${dataTransferSize} bytes at once`}`,
      responder: [...withPqc(asym, kem), ...BY_ECDSA, ...askedBy("NO")],
      options: () => ({ ...offer(asym, kem), dataTransferSize }),
      chosen: [asym, kem] as const,
    })),
  ),
  ...ML_DSAS.flatMap(({ name: asym }) =>
    // WO_ENCAP it refuses of its own requester, too: of chains it was provisioned with libspdm reads no ML-DSA key.
    ["W_ENCAP", "DIGESTS"].map((how) => ({
      name: `${asym}, --mutual, ${how}`,
      responder: [...withPqc(asym, "ML-KEM-768"), ...ownedBy(asym), ...askedBy(how)],
      options: () => ({ ...offer(asym, "ML-KEM-768"), pqcIdentities: ours(asym) }),
      chosen: [asym, "ML-KEM-768", asym] as const,
    })),
  ),
  {
    name: "ML-DSA-87 of both, in the clear, 256 bytes at once",
    responder: [...withPqc("ML-DSA-87", "ML-KEM-1024"), ...ownedBy("ML-DSA-87"), ...askedBy("W_ENCAP")],
    options: () => {
      const { session, ...rest } = offer("ML-DSA-87", "ML-KEM-1024");
      const pqcIdentities = ours("ML-DSA-87");
      return { ...rest, session: { ...session!, inTheClear: true }, pqcIdentities, dataTransferSize: 256 };
    },
    chosen: ["ML-DSA-87", "ML-KEM-1024", "ML-DSA-87"],
  },
  {
    name: "all that both have, --pqc_first TRUE",
    ...BOTH,
    responder: [...BOTH.responder, "--pqc_first", "TRUE", ...askedBy("W_ENCAP")],
    chosen: ["ML-DSA-65", "ML-KEM-768", "ML-DSA-65"],
  },
  {
    name: "all that both have, --pqc_first FALSE",
    ...BOTH,
    responder: [...BOTH.responder, "--pqc_first", "FALSE", ...askedBy("W_ENCAP")],
    chosen: ["P-384", "secp384r1", "P-384"],
  },
];

describe("attest against spdm_responder_emu", { skip: unable, timeout: TIMEOUT_MS }, () => {
  for (const { name, responder, options, chosen } of ATTESTED) {
    test(name, async () => {
      const own = port++;
      const folder = new KeyFolder(keys);
      const child = startResponder(own, folder, [...SUITE, "--meas_hash", "SHA_384", ...responder]);
      const link = await connected(own);
      try {
        const { verdict, reasons, algorithms, session, requester } = await attest(link, {
          version: V1_4,
          baseHash: HASHES["SHA-384"],
          baseAsym: 0,
          slot: 0,
          anchors: readAnchors(
            ["ecp384", ...ML_DSAS.map((one) => one.folder)].map((one) => join(keys, one, "ca.cert.der")),
          ),
          reference: undefined,
          onProgress() {},
          ...options(),
        });
        assert.deepEqual(reasons, []);
        assert.equal(verdict, "trusted");
        const [asym, exchange, by] = chosen;
        assert.deepEqual([algorithms!.baseAsym, session!.dhe ?? session!.kem], [asym, exchange]);
        assert.deepEqual(requester?.proofs, by === undefined ? undefined : ["FINISH"]);
        if (by !== undefined) assert.equal(requester!.subject, `CN=moddable-spdm requester ${by}`);
      } finally {
        await link.close();
        child.kill();
        folder.remove();
      }
    });
  }
});
