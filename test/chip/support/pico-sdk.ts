/** Compiling hal/pico against the pico-sdk's own headers, 2.2.0, and those of XS. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MACHINES: Readonly<Record<string, readonly string[]>> = {
  rp2040: ["-mcpu=cortex-m0plus", "-DPICO_PLATFORM=rp2040", "-DPICO_RP2040=1"],
  rp2350: ["-mcpu=cortex-m33", "-mfloat-abi=softfp", "-mcmse", "-DPICO_PLATFORM=rp2350", "-DPICO_RP2350=1"],
};
const BOARDS: Readonly<Record<string, string>> = { rp2040: "pico", rp2350: "pico2" };

/** What the SDK's build makes: which board, which version. */
function generate(directory: string, chip: string): void {
  mkdirSync(join(directory, "pico"), { recursive: true });
  writeFileSync(join(directory, "pico/config_autogen.h"), `#include <boards/${BOARDS[chip]}.h>\n`);
  writeFileSync(join(directory, "pico/version.h"), "");
}

/** Flags of arm-none-eabi-gcc that find the SDK's headers for `chip`; `directory` gets the ones that a build makes. */
export function sdkFlags(sdk: string, chip: string, directory: string): string[] {
  generate(directory, chip);
  const parts = [chip, "common", "rp2_common"].flatMap((part) =>
    readdirSync(join(sdk, "src", part)).map((name) => join(sdk, "src", part, name, "include")),
  );
  const includes = [
    ...parts.filter((folder) => existsSync(folder)),
    ...[
      "src/boards/include",
      "src/rp2_common/cmsis/stub/CMSIS/Core/Include",
      "lib/tinyusb/src",
      "lib/mbedtls/include",
    ].map((name) => join(sdk, name)),
    directory,
  ];
  return [
    ...["-std=gnu11", "-mthumb", "-Os", "-DPICO_ON_DEVICE=1", "-DPICO_32BIT=1", "-DLIB_PICO_STDIO=1"],
    ...["-DLIB_PICO_STDIO_USB=1", "-DCFG_TUSB_MCU=OPT_MCU_RP2040", "-DCFG_TUSB_OS=OPT_OS_PICO"],
    ...MACHINES[chip],
    // As system headers, so that warnings are about our code.
    ...includes.flatMap((folder) => ["-isystem", folder]),
  ];
}

/** Of C that faces XS, as the Moddable SDK builds it. */
export function xsOnPicoFlags(moddable: string): string[] {
  const includes = ["xs/includes", "xs/sources", "xs/platforms/pico", "xs/platforms/mc", "build/devices/pico"];
  return includes.flatMap((name) => ["-isystem", join(moddable, name)]);
}
