/** The firmware with PSA, configured otherwise: what its aliases come of differs, and nothing else that matters to it. */

import { I2C } from "../../../boards/ast1030/configuration.js";
import { start } from "../../../boards/firmware.js";
import { onI2C } from "../../../boards/i2c.js";
import { psaEngines } from "../../../boards/psa.js";
import { issuing } from "../../../boards/psa-aliases.js";
import { certificates } from "../../../boards/psa-certificates.js";
import { psaSessions } from "../../../boards/psa-sessions.js";
import { reporting } from "../../../boards/reporting.js";
import { CONFIGURED } from "./alias-configuration.js";

start(CONFIGURED, { ...psaEngines, sessions: psaSessions, reporting: issuing(reporting), certificates }, [onI2C(I2C)]);
