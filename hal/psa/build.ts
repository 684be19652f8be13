/** What hal/psa is compiled from where no vendor's SDK brings Mbed TLS: the emulated board and host XS. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileC, type Toolchain, xsFlags } from "../../boards/xs/build.js";
import { mbedtls } from "../../tools/mbedtls.js";

const here = dirname(fileURLToPath(import.meta.url));

/** The files of Mbed TLS that mbedtls-config.h leaves something of. */
const LIBRARY =
  "aes asn1parse asn1write bignum bignum_core block_cipher chacha20 chachapoly cipher cipher_wrap constant_time ecdh " +
  "ecdsa ecp ecp_curves gcm hmac_drbg md platform platform_util poly1305 psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client " +
  "psa_crypto_driver_wrappers_no_static psa_crypto_ecp psa_crypto_hash psa_crypto_rsa psa_crypto_slot_management psa_crypto_storage " +
  "psa_util sha256 sha512";

export interface PsaOptions {
  /** Whether keys can persist; the board then has spdm_its_read and spdm_its_write. */
  readonly persistent?: boolean;
  /** C files of the board's that include spdm-psa.h or PSA's headers. */
  readonly sources?: readonly string[];
  /** For our own C only: warnings, or -DSPDM_PSA_PORT_HEADER='"…"'. */
  readonly flags?: readonly string[];
}

/** Preprocessor flags of C that includes <psa/crypto.h>. */
export async function psaFlags({ persistent = false }: PsaOptions = {}): Promise<string[]> {
  const tree = await mbedtls();
  return [
    `-I${here}`,
    ...["include", "library"].flatMap((name) => ["-isystem", join(tree, name)]),
    ...["MBEDTLS_CONFIG_FILE", "MBEDTLS_PSA_CRYPTO_CONFIG_FILE"].map((name) => `-D${name}="mbedtls-config.h"`),
    ...(persistent ? [`-I${join(here, "its")}`, "-DSPDM_PSA_PERSISTENT"] : []),
  ];
}

/**
 * Compiles Mbed TLS, psa.c and what joins them and returns the objects: link them with --gc-sections. The board brings
 * spdm_random. The toolchain's flags choose machine and optimisation: -O2 for speed, `-ffunction-sections`.
 */
export async function buildPsa(toolchain: Toolchain, options: PsaOptions = {}): Promise<string[]> {
  const library = join(await mbedtls(), "library");
  const flags = [...toolchain.flags, ...(await psaFlags(options))];
  const own = ["psa.c", "external-random.c", ...(options.persistent ? ["its/its.c"] : [])].map((name) =>
    join(here, name),
  );
  const ownFlags = [...flags, ...(await xsFlags()), "-Wall", "-Wextra", "-Werror", ...(options.flags ?? [])];
  return [
    ...(await compileC(
      { ...toolchain, flags: [...flags, "-w"] },
      LIBRARY.split(" ").map((name) => join(library, `${name}.c`)),
    )),
    ...(await compileC({ ...toolchain, flags: ownFlags }, [...own, ...(options.sources ?? [])])),
  ];
}

/** The objects of hal/psa for host XS, persistent keys in memory: for buildRunner. */
export async function buildHostPsa(): Promise<string[]> {
  const toolchain = {
    cc: process.env.CC ?? "cc",
    flags: ["-O2", "-g"],
    out: join(here, "../../build/xs/psa"),
  };
  return buildPsa(toolchain, { persistent: true, sources: [join(here, "host.c")] });
}
