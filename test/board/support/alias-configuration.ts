import { PSA } from "../../../boards/ast1030/configuration.js";
import type { Configuration } from "../../../boards/configuration.js";

export const CONFIGURED: Configuration = Object.freeze({ ...PSA, ctExponent: PSA.ctExponent + 1 });
