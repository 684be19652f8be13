import type { DeviceClass } from "../../hal/endpoint-info.js";
import type { Identity } from "../../hal/identity.js";
import type { HintedKey } from "../../hal/portable/psk.js";
import type { Version } from "../../src/versions.js";

/** What a requester offers, and so what the two may come to. */
export interface Offer {
  /** The only version to speak, or undefined for the highest that both know. */
  readonly version: Version | undefined;
  /** Bits of BaseHashAlgo and BaseAsymAlgo to offer. */
  readonly baseHash: number;
  readonly baseAsym: number;
  /** Whether slots shall have keys of their own where the responder leaves that to us. */
  readonly multiKey?: boolean | undefined;
  /** Bits of PqcAsymAlgo, which go out from 1.4 on. */
  readonly pqcAsym?: number;
  /** A secure session, in which measurements are asked for. */
  readonly session?: SessionOffer | undefined;
  /** What the responder is asked to tell of itself, besides measurements. */
  readonly reports?: ReportOffer | undefined;
  /** What we say that we are if we are asked, from 1.3 on; signed with one of `identities`. We ask to be asked, once. */
  readonly ownClasses?: readonly DeviceClass[] | undefined;
  /** What we prove ourselves with if we are asked to, by ReqBaseAsymAlg bit. */
  readonly identities?: readonly OwnIdentity[] | undefined;
  /** Likewise by ReqPqcAsymAlg bit, from 1.4 on. */
  readonly pqcIdentities?: readonly OwnIdentity[] | undefined;
}

export interface ReportOffer {
  /** The measurement extension log. */
  readonly log?: boolean;
  readonly deviceClass?: boolean;
  /** All algorithms that it has. */
  readonly algorithms?: boolean;
  /** Events, for so many seconds, in a session. */
  readonly eventSeconds?: number | undefined;
}

export interface SessionOffer {
  /** The key that PSK_EXCHANGE opens the session with; without one KEY_EXCHANGE does. */
  readonly psk?: HintedKey | undefined;
  /** Bits of DHE groups and AEADs to offer. */
  readonly dhe: number;
  /** Bits of KEMs, which go out from 1.4 on. */
  readonly kem?: number;
  readonly aead: number;
  /** HANDSHAKE_IN_THE_CLEAR, if the responder has it too. */
  readonly inTheClear: boolean;
  /** Whether keys are updated, in every way there is. */
  readonly updateKeys: boolean;
}

export interface OwnIdentity {
  readonly algorithm: number;
  readonly identity: Identity;
}
