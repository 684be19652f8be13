import { IMAGE_LENGTH_MAX } from "../../certs/identity-image.js";
import type { Storage } from "../storage.js";
import { identityRead } from "./chip.js";

/** The identity image, which C found and checked. */
export const identityStorage: Storage = Object.freeze({ length: IMAGE_LENGTH_MAX, read: identityRead });
