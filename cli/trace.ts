import { ERROR } from "../src/exchange.js";
import { errorName, requestName, versionName } from "./requester/names.js";

/** One message and its answer as a line: `1.2 GET_DIGESTS 4 → 148 bytes`, or the name of the error. */
export function traceLine(request: Uint8Array, response: Uint8Array, sessionId: number | undefined): string {
  const place = sessionId === undefined ? "" : ` in session 0x${sessionId.toString(16).padStart(8, "0")}`;
  const answer = response[1] === ERROR ? `ERROR ${errorName(response[2])}` : `${response.length} bytes`;
  return `${versionName(response[0])} ${requestName(request[1])}${place}: ${request.length} → ${answer}`;
}
