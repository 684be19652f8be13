/** The bus owner's side of a Pico's I2C. */
import { emulatedSmbus, MctpLink } from "../../../cli/mctp-link.js";
import type { Rp2040 } from "./rp2040.js";

export const OWNER = 0x10;
const ADDRESS = 0x1d;
/** The emulator has less of a busy host than of its own, and a board that erases its flash answers nothing meanwhile. */
const PATIENCE = { controlTimeoutMs: 10_000, roundTripMs: 10_000 };

/** A link that knows the board's endpoint. */
export async function linkTo(board: Rp2040): Promise<MctpLink> {
  const link = new MctpLink(board.bus, { ...emulatedSmbus(OWNER, ADDRESS), ...PATIENCE });
  await link.discover();
  return link;
}
