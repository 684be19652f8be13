import { milliseconds } from "../hal/chip/chip.js";
import type { Port } from "../hal/port.js";
import type { Endpoint } from "../src/mctp/endpoint.js";

/**
 * Takes one frame and sends what it asks for; true if that was anything. A reply that the other side refuses is the
 * requester's to ask for again.
 */
export function answer(endpoint: Endpoint, frame: Uint8Array, length: number, port: Port): boolean {
  if (!endpoint.receive(frame, length, milliseconds())) return false;
  for (let sent = endpoint.transmit(frame); sent !== 0; sent = endpoint.transmit(frame)) {
    if (!port.write(frame, sent)) break;
  }
  return true;
}
