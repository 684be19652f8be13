import { AEAD, DHE, KEM } from "../../src/algorithms.js";
import { ENCRYPT_CAP } from "../../src/capabilities.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import {
  MUT_AUTH_REQUESTED,
  MUT_AUTH_WITH_ENCAP_REQUEST,
  MUT_AUTH_WITH_GET_DIGESTS,
} from "../../src/mutual-authentication.js";
import { HANDSHAKE, type Session } from "../../src/session.js";
import type { ProgressListener, SessionResult } from "../report.js";
import { selected } from "./algorithms.js";
import type { LeafKey } from "./challenge.js";
import type { Conversation } from "./conversation.js";
import { answerUnasked, fetchRequests } from "./encapsulated.js";
import * as engines from "./engines.js";
import { sendHeartbeat, updateKeys } from "./in-session.js";
import { agreement, decapsulation, exchangeKeys, finish } from "./key-exchange.js";
import { AEADS, DHES, KEMS, nameOf, versionName } from "./names.js";
import type { SessionOffer } from "./offer.js";
import { KEY_DECAPSULATIONS } from "./pqc-engines.js";
import type { Prover } from "./prover.js";
import { exchangePsk, finishPsk } from "./psk-exchange.js";

/** What is known of the responder and of us when a session is opened. */
export interface Parties {
  readonly slot: number;
  /** Of the slot's chain. */
  readonly chainDigest: Uint8Array;
  readonly key: LeafKey;
  /** What we prove ourselves with if we are asked to. */
  readonly prover: Prover | undefined;
}

export interface OpenSession {
  readonly session: Session;
  /** MeasurementSummaryHash, if it was asked for. */
  readonly summary: Uint8Array | undefined;
  readonly result: SessionResult;
}

/** Opens a session, through which everything goes from then on. */
export async function openSession(
  c: Conversation,
  { psk }: SessionOffer,
  chosen: Algorithms,
  parties: Parties,
  summaryType: number,
): Promise<OpenSession> {
  const { session, securedVersion, summary } =
    psk === undefined
      ? await openByKeyExchange(c, chosen, parties, summaryType)
      : await openByPsk(c, psk, chosen, summaryType);
  const [group, kem] = [DHE, KEM].map((type) => (psk === undefined ? selected(chosen, type) : 0));
  const result: SessionResult = {
    openedBy: psk === undefined ? "KEY_EXCHANGE" : "PSK_EXCHANGE",
    securedMessages: versionName(securedVersion >> 8),
    dhe: group === 0 ? undefined : nameOf(DHES, group),
    ...(kem === 0 ? {} : { kem: nameOf(KEMS, kem) }),
    aead: nameOf(AEADS, selected(chosen, AEAD)),
    encrypted: c.both(ENCRYPT_CAP),
    handshakeInTheClear: session.inTheClear,
    heartbeatPeriod: session.heartbeatPeriod,
    keyUpdates: [],
  };
  return { session, summary, result };
}

/** Shows that the session lives, and updates its keys if the offer says so; resolves to whose. */
export async function exerciseSession(
  c: Conversation,
  session: Session,
  { updateKeys: wanted }: SessionOffer,
  onProgress: ProgressListener,
): Promise<string[]> {
  if (session.heartbeatPeriod > 0) {
    onProgress("HEARTBEAT");
    await sendHeartbeat(c);
  }
  if (!wanted) return [];
  onProgress("KEY_UPDATE");
  return updateKeys(c, session);
}

async function openByKeyExchange(c: Conversation, chosen: Algorithms, parties: Parties, summaryType: number) {
  const { slot, chainDigest, key, prover } = parties;
  const random = (out: Uint8Array) => out.set(c.random(out.length));
  const kem = selected(chosen, KEM);
  const pending =
    kem === 0
      ? agreement(engines.KEY_AGREEMENTS[selected(chosen, DHE)](random))
      : decapsulation(KEY_DECAPSULATIONS[kem](random));
  const aead = engines.AEADS[selected(chosen, AEAD)];
  const opened = await exchangeKeys(c, { slot, chainDigest, key, summaryType, pending, aead });
  const { session, slotParam } = opened;
  if (prover !== undefined) await beKnown(c, session, prover, slotParam);
  await finish(c, session, prover);
  return opened;
}

/** Makes our certificate chain known to the responder as MutAuthRequested says. */
async function beKnown(c: Conversation, session: Session, prover: Prover, slotParam: number): Promise<void> {
  const { mutAuthRequested } = session;
  if (mutAuthRequested === MUT_AUTH_REQUESTED) prover.chooseSlot(slotParam & 0x0f);
  if (mutAuthRequested === MUT_AUTH_WITH_ENCAP_REQUEST) await fetchRequests(c, prover);
  if (mutAuthRequested === MUT_AUTH_WITH_GET_DIGESTS) await answerUnasked(c, prover);
}

async function openByPsk(
  c: Conversation,
  psk: NonNullable<SessionOffer["psk"]>,
  chosen: Algorithms,
  summaryType: number,
) {
  const opened = await exchangePsk(c, psk, engines.AEADS[selected(chosen, AEAD)], summaryType);
  if (opened.session.phase === HANDSHAKE) await finishPsk(c, opened.session);
  return opened;
}
