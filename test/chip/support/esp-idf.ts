/** Compiling hal/esp32 against ESP-IDF's own headers. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Folders of components that hold what hal/esp32 includes, and what that includes in turn; `*` stands for the chip. */
const INCLUDES =
  "app_update/include bootloader_support/bootloader_flash/include bootloader_support/include efuse/*/include efuse/include " +
  "esp_app_format/include esp_blockdev/include esp_bootloader_format/include esp_common/include esp_driver_gpio/include " +
  "esp_driver_i2c/include esp_driver_uart/include esp_driver_usb_serial_jtag/include esp_hal_clock/include " +
  "esp_hal_gpio/*/include esp_hal_gpio/include esp_hal_i2c/*/include esp_hal_i2c/include esp_hal_security/include " +
  "esp_hal_uart/*/include esp_hal_uart/include esp_hw_support/etm/include esp_hw_support/include esp_libc/platform_include " +
  "esp_partition/include esp_ringbuf/include esp_rom/*/include esp_rom/*/include/* esp_rom/include esp_security/include " +
  "esp_system/include esp_timer/include freertos/FreeRTOS-Kernel/include freertos/FreeRTOS-Kernel/portable/riscv/include " +
  "freertos/FreeRTOS-Kernel/portable/riscv/include/freertos freertos/config/include freertos/config/include/freertos " +
  "freertos/config/riscv/include freertos/esp_additions/include hal/*/include hal/include hal/platform_port/include " +
  "heap/include log/include mbedtls/port/include mbedtls/port/psa_driver/include newlib/platform_include riscv/include " +
  "soc/*/include soc/*/register soc/include spi_flash/include";

/** Of the submodule, Espressif's fork of Mbed TLS 4. */
const SUBMODULE = "mbedtls/mbedtls/include mbedtls/mbedtls/tf-psa-crypto/include";
const SUBMODULE_DRIVERS = "mbedtls/mbedtls/tf-psa-crypto/drivers/builtin/include";

/** What the headers cannot do without of what the build makes by Kconfig. */
const CONFIGURATION: Readonly<Record<string, number | string>> = {
  BOOTLOADER_LOG_LEVEL: 3,
  ESP_DEFAULT_CPU_FREQ_MHZ: 96,
  ESP_SYSTEM_SINGLE_CORE_MODE: 1,
  FREERTOS_HZ: 1000,
  FREERTOS_IDLE_TASK_STACKSIZE: 1536,
  FREERTOS_ISR_STACKSIZE: 1536,
  FREERTOS_MAX_TASK_NAME_LEN: 16,
  FREERTOS_NUMBER_OF_CORES: 1,
  FREERTOS_QUEUE_REGISTRY_SIZE: 0,
  FREERTOS_TASK_NOTIFICATION_ARRAY_ENTRIES: 1,
  FREERTOS_THREAD_LOCAL_STORAGE_POINTERS: 1,
  FREERTOS_TIMER_QUEUE_LENGTH: 10,
  FREERTOS_TIMER_SERVICE_TASK_CORE_AFFINITY: 0x7fffffff,
  FREERTOS_TIMER_SERVICE_TASK_NAME: '"timer"',
  FREERTOS_TIMER_TASK_PRIORITY: 1,
  FREERTOS_TIMER_TASK_STACK_DEPTH: 2048,
  FREERTOS_UNICORE: 1,
  IDF_TARGET_ARCH: '"riscv"',
  IDF_TARGET_ARCH_RISCV: 1,
  LOG_DEFAULT_LEVEL: 3,
  LOG_MAXIMUM_LEVEL: 3,
  LOG_VERSION: 1,
  LOG_VERSION_1: 1,
  MBEDTLS_HARDWARE_AES: 1,
  MBEDTLS_HARDWARE_SHA: 1,
  MMU_PAGE_SIZE: 0x10000,
  PARTITION_TABLE_OFFSET: 0x8000,
  XTAL_FREQ: 32,
};

/**
 * Flags that find ESP-IDF's headers for `chip`, whose sdkconfig.h is written into `directory`. `psaIncludes` are the folders
 * of Mbed TLS's headers where the submodule is not checked out.
 */
export function idfFlags(idf: string, chip: string, directory: string, psaIncludes: readonly string[]): string[] {
  const entries = { ...CONFIGURATION, IDF_TARGET: `"${chip}"`, [`IDF_TARGET_${chip.toUpperCase()}`]: 1 };
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, "sdkconfig.h"),
    Object.entries(entries)
      .map(([name, value]) => `#define CONFIG_${name} ${value}\n`)
      .join(""),
  );
  const folders = (names: string) =>
    names.split(" ").map((name) => join(idf, "components", name.replaceAll("*", chip)));
  const psa = psaIncludes.length !== 0 ? psaIncludes : folders(`${SUBMODULE} ${SUBMODULE_DRIVERS}`);
  return [
    "-DESP_PLATFORM",
    '-DTF_PSA_CRYPTO_USER_CONFIG_FILE="mbedtls/esp_config.h"',
    `-I${directory}`,
    ...[...folders(INCLUDES).filter(existsSync), ...psa].flatMap((folder) => ["-isystem", folder]),
  ];
}

/** Whether the headers of PSA lie where a checked-out ESP-IDF has them. */
export function hasPsa(idf: string): boolean {
  return SUBMODULE.split(" ").every((name) => existsSync(join(idf, "components", name)));
}
