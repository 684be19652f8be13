/** Keys and slots stay of one mind, whatever is changed of them in whichever order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { changeableIdentity } from "../../hal/portable/certificate-slots.js";
import type { Signer } from "../../hal/portable/crypto.js";
import { MemoryKeyPairs, P256_INFO, P384_INFO } from "../../hal/portable/key-pairs.js";
import { ECDSA_P256, ECDSA_P384 } from "../../src/algorithms.js";
import { KEY_P256, KEY_P384 } from "../../src/key-pairs.js";
import { deterministicRandom } from "../support/random.js";

const ALGORITHMS = [
  { algorithm: ECDSA_P256, asym: KEY_P256, publicKeyInfo: P256_INFO },
  { algorithm: ECDSA_P384, asym: KEY_P384, publicKeyInfo: P384_INFO },
];
const SPARES = 3;
const OPERATIONS = 4000;

const signer = (): Signer => ({ signatureLength: 64, publicKey() {}, sign() {} });

function device() {
  const alive = new Set<Signer>();
  const made = (): Signer => {
    const one = signer();
    alive.add(one);
    return one;
  };
  const provisioned = ALGORITHMS.map(({ asym, publicKeyInfo }) => ({
    ...{ asym, slotMask: 1, publicKeyInfo: Uint8Array.from(publicKeyInfo), signer: made() },
  }));
  const keyPairs: MemoryKeyPairs = new MemoryKeyPairs({
    algorithms: ALGORITHMS.map((one) => ({ ...one, generate: made, forget: (gone) => assert.ok(alive.delete(gone)) })),
    provisioned,
    spareCount: SPARES,
    policy: { trustedEnvironment: true, provenRequesters: false, needsReset: false },
    holdsChain: (asym, slot) =>
      identities.some((identity, i) => ALGORITHMS[i].asym === asym && (identity.slotMask & (1 << slot)) !== 0),
  });
  const identities = ALGORITHMS.map(({ algorithm, asym }, i) =>
    changeableIdentity(new Map([[0, { chain: Uint8Array.of(0), signer: provisioned[i].signer }]]), {
      ...{ algorithm, capacity: 1, keys: keyPairs.slotKeys(asym) },
    }),
  );
  return { keyPairs, identities, alive };
}

function consistent({ keyPairs, identities, alive }: ReturnType<typeof device>): void {
  const all = Array.from({ length: keyPairs.count }, (_, i) => ({ id: i + 1, ...keyPairs.read(i + 1) }));
  let keys = 0;
  for (const [i, { asym }] of ALGORITHMS.entries()) {
    const own = all.filter((pair) => pair.asym === asym);
    const { certificateSlots: slots, slotMask } = identities[i];
    assert.deepEqual([...slots!.keyPairs].sort(), own.map(({ id }) => id).sort());
    keys += own.length;
    for (let slot = 0; slot < 8; slot++) {
      const owners = own.filter((pair) => (pair.slotMask & (1 << slot)) !== 0);
      assert.ok(owners.length <= 1, `slot ${slot} has two keys`);
      if ((slotMask & (1 << slot)) === 0) continue;
      assert.equal(owners[0]?.id, slots!.keyPairOf(slot), `slot ${slot} is of another key than its chain`);
    }
    // The key of connections that name none is the lowest slot's.
    const lowest = own
      .filter((pair) => pair.slotMask !== 0)
      .sort((a, b) => (a.slotMask & -a.slotMask) - (b.slotMask & -b.slotMask));
    if (lowest.length > 0) assert.equal(slots!.keyPairs[0], lowest[0].id);
  }
  for (const { asym, slotMask, usage, publicKeyInfo } of all) {
    if (asym === 0) assert.deepEqual([slotMask, usage, publicKeyInfo.length], [0, 0, 0]);
  }
  assert.equal(alive.size, keys, "every key that is gone was forgotten, and no other");
}

test("random changes of key pairs and slots", () => {
  const random = deterministicRandom(7);
  const byte = new Uint8Array(1);
  const below = (count: number): number => {
    random(byte);
    return byte[0] % count;
  };
  const whole = device();
  const { keyPairs, identities } = whole;
  const changes = keyPairs.changes!;
  const done = new Map<string, number>();
  for (let i = 0; i < OPERATIONS; i++) {
    const id = 1 + below(keyPairs.count);
    const asym = [0, KEY_P256, KEY_P384][below(3)];
    const slotMask = below(2) === 0 ? 0 : 1 << below(8);
    const desired = { usage: below(16), asym, pqcAsym: 0, slotMask };
    const slots = identities[below(2)].certificateSlots!;
    const slot = below(8);
    const keyPairId = slots.keyPairs[below(slots.keyPairs.length)];
    // As SET_KEY_PAIR_INFO: provisioned keys stay, and so do those of slots.
    const isFree = id <= SPARES && keyPairs.read(id).slotMask === 0;
    const operations: readonly (readonly [name: string, run: () => boolean])[] = [
      ["change", () => changes.change(id, desired)],
      ["erase", () => isFree && changes.erase(id)],
      ["generate", () => isFree && changes.generate(id, desired)],
      ["install", () => slots.install(slot, Uint8Array.of(slot), keyPairId, 1)],
      ["empty", () => slots.erase(slot)],
    ];
    const [name, run] = operations[below(operations.length)];
    if (run()) done.set(name, (done.get(name) ?? 0) + 1);
    consistent(whole);
  }
  for (const name of ["change", "erase", "generate", "install", "empty"])
    assert.ok(done.get(name)! > 10, `${name}: ${done.get(name)}`);
});
