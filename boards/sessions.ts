/** What a device is provisioned with decides what of sessions and mutual authentication it serves; the same on every board. */
import type { SessionPolicy } from "../certs/identity-image.js";
import type { Exchange } from "../src/exchange.js";
import { deliverEncapsulatedResponse, getEncapsulatedRequest } from "../src/messages/encapsulated.js";
import { endSession } from "../src/messages/end-session.js";
import { finish } from "../src/messages/finish.js";
import { heartbeat } from "../src/messages/heartbeat.js";
import { keyExchange } from "../src/messages/key-exchange.js";
import { keyUpdate } from "../src/messages/key-update.js";
import { pskExchange, pskExchangeWithoutContext } from "../src/messages/psk-exchange.js";
import { pskFinish } from "../src/messages/psk-finish.js";
import { type MutualAuthenticationPolicy, mutualAuthentication, NO_MUT_AUTH } from "../src/mutual-authentication.js";
import type { Options } from "../src/responder.js";

const KEY_EXCHANGES: readonly Exchange[] = Object.freeze([keyExchange, finish]);
const PSK_EXCHANGES: readonly Exchange[] = Object.freeze([pskExchange, pskFinish]);
const IN_SESSION: readonly Exchange[] = Object.freeze([
  heartbeat,
  keyUpdate,
  endSession,
  getEncapsulatedRequest,
  deliverEncapsulatedResponse,
]);

/** The exchanges of sessions, by what there is to open them with. */
export function sessionExchanges(hasCredentials: boolean, hasPsks: boolean, policy: SessionPolicy): Exchange[] {
  const exchanges: Exchange[] = [];
  if (hasCredentials) exchanges.push(...KEY_EXCHANGES);
  if (hasPsks) exchanges.push(...(policy.pskWithoutContext ? [pskExchangeWithoutContext] : PSK_EXCHANGES));
  if (exchanges.length > 0) exchanges.push(...IN_SESSION);
  return exchanges;
}

/** Nothing where nobody is asked to prove itself: MUT_AUTH_CAP would promise too much. */
export function mutual(
  { requested, basic }: SessionPolicy,
  brings: () => Pick<MutualAuthenticationPolicy, "trust" | "provisioned">,
): Pick<Options, "mutualAuthentication"> {
  if (requested === NO_MUT_AUTH && !basic) return {};
  const mandatory = requested !== NO_MUT_AUTH;
  return { mutualAuthentication: mutualAuthentication({ ...brings(), requested, basic, mandatory }) };
}
