/** Chains with ML-DSA and SLH-DSA: the recorded ones, and what must not be trusted of them. */
import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { slh_dsa_sha2_128f } from "@noble/post-quantum/slh-dsa.js";
import { BitString, ObjectIdentifier, Sequence } from "asn1js";
import { RESPONDER_AUTH } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { verifyChain } from "../../cli/trust.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { ML_DSA_65, SLH_DSA_SHA2_128F } from "../../src/algorithms.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import { digitalSignature, keyCertSign, NOW } from "./issue.js";

const read = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../vectors/keys/mldsa65/${name}`, import.meta.url)));
const ROOT = read("ca.cert.der");
const CHAIN = read("bundle_responder.certchain.der");

const verify = (certificates: Uint8Array, root: Uint8Array = ROOT) =>
  verifyChain({
    certificates,
    rootHash: createHash("sha384").update(root).digest(),
    hash: sha384,
    anchors: [root],
    at: NOW,
  });

describe("the recorded chains of ML-DSA-65", () => {
  test("lead to their roots, with and without these", () => {
    const second = [read("bundle_responder.certchain1.der"), read("ca1.cert.der")] as const;
    for (const [chain, root] of [[CHAIN, ROOT] as const, second]) {
      for (const certificates of [chain, chain.subarray(root.length)]) {
        const { reasons, leafPqcAsym, leafPublicKey, leafCurve, deviceInfo } = verify(certificates, root);
        assert.deepEqual(reasons, []);
        assert.equal(leafPqcAsym, ML_DSA_65);
        assert.equal(leafCurve, undefined);
        assert.equal(leafPublicKey!.length, 1952);
        assert.equal(deviceInfo, "MODDABLE:SPDM-TEST-RESPONDER:0000000001");
      }
    }
  });

  test("to no other root, nor for requesters", () => {
    assert.match(verify(CHAIN, read("ca1.cert.der")).reasons[0], /no trust anchor, nor issued by one$/);
    const { reasons } = verify(read("bundle_requester.certchain.der"));
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], /is for SPDM requesters only/);
  });

  test("with a bit flipped in a signature or a key they are not trusted", () => {
    const keyAt = toHex(CHAIN).lastIndexOf("038207a100") / 2 + 5;
    for (const at of [CHAIN.length - 1, CHAIN.length - 3309, CHAIN.length - 2000, keyAt, keyAt + 1951]) {
      const changed = CHAIN.slice();
      changed[at] ^= 1;
      const { trusted, reasons } = verify(changed);
      assert.equal(trusted, false);
      assert.match(reasons[0], /signature does not fit the key of CN=moddable-spdm test intermediate ML-DSA-65$/);
    }
  });

  test("with the name of another algorithm somewhere they are not trusted", () => {
    const oid = "06096086480165030403";
    const hex = toHex(CHAIN);
    let count = 0;
    for (let at = hex.indexOf(oid); at >= 0; at = hex.indexOf(oid, at + 1)) {
      for (const other of [0x11, 0x13, 0x14]) {
        const changed = CHAIN.slice();
        changed[at / 2 + oid.length / 2] = other;
        assert.equal(verify(changed).trusted, false);
      }
      count++;
    }
    // In each certificate that of its signature twice, and that of its key.
    assert.equal(count, 9);
  });
});

interface Kind {
  readonly name: string;
  readonly oid: string;
  readonly publicKey: Uint8Array;
  sign(data: Uint8Array): Uint8Array;
}

const slhDsa = slh_dsa_sha2_128f.keygen(new Uint8Array(48).fill(1));
const SLH_DSA: Kind = {
  name: "SLH-DSA-SHA2-128f",
  oid: "2.16.840.1.101.3.4.3.21",
  publicKey: slhDsa.publicKey,
  sign: (data) => slh_dsa_sha2_128f.sign(data, slhDsa.secretKey, { extraEntropy: false }),
};
const mlDsa = ml_dsa65.keygen(new Uint8Array(32).fill(2));
const ML_DSA: Kind = {
  name: "ML-DSA-65",
  oid: "2.16.840.1.101.3.4.3.18",
  publicKey: mlDsa.publicKey,
  sign: (data) => ml_dsa65.sign(data, mlDsa.secretKey, { extraEntropy: false }),
};

/** SubjectPublicKeyInfo; `parameters` are what it must not have. */
function spki({ oid, publicKey }: Kind, parameters: ObjectIdentifier[] = []): ArrayBuffer {
  const algorithm = new Sequence({ value: [new ObjectIdentifier({ value: oid }), ...parameters] });
  return new Sequence({ value: [algorithm, new BitString({ valueHex: Uint8Array.from(publicKey).buffer })] }).toBER();
}

/** A certificate of `subject`'s key, signed by `issuer`; a leaf unless it signs itself. */
async function certificate(subject: Kind, issuer: Kind, info = spki(subject)): Promise<Uint8Array> {
  const isRoot = subject === issuer;
  const signer = {
    getRandomValues: (out: Uint8Array) => webcrypto.getRandomValues(out),
    subtle: {
      sign: async (_: unknown, _key: unknown, data: ArrayBuffer) => issuer.sign(new Uint8Array(data)).slice().buffer,
    },
  } as unknown as webcrypto.Crypto;
  const made = await x509.X509CertificateGenerator.create(
    {
      subject: `CN=${subject.name}`,
      issuer: `CN=${issuer.name}`,
      notBefore: new Date(NOW.getTime() - 1000),
      notAfter: new Date(NOW.getTime() + 1000),
      publicKey: info,
      signingKey: { algorithm: { name: issuer.name } } as webcrypto.CryptoKey,
      signingAlgorithm: { name: issuer.name },
      extensions: [
        new x509.BasicConstraintsExtension(isRoot, undefined, true),
        new x509.KeyUsagesExtension(isRoot ? keyCertSign : digitalSignature, true),
        ...(isRoot ? [] : [new x509.ExtendedKeyUsageExtension([RESPONDER_AUTH])]),
      ],
    },
    signer,
  );
  return new Uint8Array(made.rawData);
}

describe("SLH-DSA", () => {
  test("signs for ML-DSA, and for itself", async () => {
    const root = await certificate(SLH_DSA, SLH_DSA);
    const leaf = await certificate(ML_DSA, SLH_DSA);
    const { reasons, leafPqcAsym } = verify(concat(root, leaf), root);
    assert.deepEqual(reasons, []);
    assert.equal(leafPqcAsym, ML_DSA_65);
    for (const at of [leaf.length - 1, leaf.length - 17_000, 300]) {
      const changed = leaf.slice();
      changed[at] ^= 1;
      assert.equal(verify(concat(root, changed), root).trusted, false);
    }
  });

  test("is a leaf's", async () => {
    const root = await certificate(ML_DSA, ML_DSA);
    const { reasons, leafPqcAsym, leafPublicKey } = verify(concat(root, await certificate(SLH_DSA, ML_DSA)), root);
    assert.deepEqual(reasons, []);
    assert.equal(leafPqcAsym, SLH_DSA_SHA2_128F);
    assert.equal(toHex(leafPublicKey!), toHex(SLH_DSA.publicKey));
  });
});

test("keys with parameters, or of a wrong length, are no keys", async () => {
  const root = await certificate(ML_DSA, ML_DSA);
  const withParameters = await certificate(SLH_DSA, ML_DSA, spki(SLH_DSA, [new ObjectIdentifier({ value: "1.2.3" })]));
  const short = await certificate(SLH_DSA, ML_DSA, spki({ ...SLH_DSA, publicKey: fromHex("00".repeat(31)) }));
  for (const [leaf, reason] of [
    [withParameters, /cannot be read: algorithm with parameters$/],
    [short, /cannot be read: public key of a wrong length$/],
  ] as const) {
    const { trusted, reasons, leafPublicKey } = verify(concat(root, leaf), root);
    assert.equal(trusted, false);
    assert.equal(leafPublicKey, undefined);
    assert.match(reasons[0], reason);
  }
});
