/** Firmware that prints what it makes of the pre-shared keys and the requester's chain in its flash. */
import { readIdentityTable } from "../../../certs/identity-image.js";
import { flashChain } from "../../../hal/chip/chain.js";
import { print } from "../../../hal/chip/chip.js";
import { pskExtract } from "../../../hal/chip/identity-keys.js";
import { flashPskStore } from "../../../hal/chip/psk.js";
import { identityStorage } from "../../../hal/chip/storage.js";
import { sha256, sha384, sha512 } from "../../../hal/psa/psa.js";
import { ascii, toHex } from "../../support/bytes.js";

const { credentials, psks, requesterChains } = readIdentityTable(identityStorage);
const store = flashPskStore(psks);

for (const hint of ["first", "second", "", "firsT", "firs"]) {
  const psk = store.find(ascii(hint));
  if (psk === undefined) print(`"${hint}" names none`);
  else
    for (const hash of [sha256, sha384, sha512]) {
      const salt = new Uint8Array(hash.outputLen).fill(0xa5);
      const out = new Uint8Array(hash.outputLen + 1);
      psk.extract(hash, salt, out);
      print(`"${hint}" ${toHex(out)}`);
    }
}

const salt = new Uint8Array(129);
for (const [what, index, length, saltLength, outLength] of [
  ["a private key", credentials[0].index, 32, 32, 32],
  ["no entry", 24, 32, 32, 32],
  ["a negative entry", -1, 32, 32, 32],
  ["no hash", psks[0].index, 20, 32, 32],
  ["a short buffer", psks[0].index, 48, 32, 47],
  ["a salt of more than a block", psks[0].index, 32, 65, 32],
  ["a salt of more than a block", psks[0].index, 64, 129, 64],
] as const) {
  const out = new Uint8Array(outLength);
  try {
    pskExtract(index, length, salt.subarray(0, saltLength), out);
    print(`took ${what}`);
  } catch (error) {
    print(error instanceof RangeError && out.every((byte) => byte === 0) ? `refused ${what}` : `${what}: ${error}`);
  }
}

const source = flashChain(requesterChains[0].chain);
const chainEnd = new Uint8Array(2);
source.readChain(0, source.chainLength(0) - 2, chainEnd);
print(`slots ${source.slotMask}, ${source.chainLength(0)} and ${source.chainLength(1)} bytes, to ${toHex(chainEnd)}`);
