/**
 * The host's end of the RP2040's USB: rp2040js' USBCDC, which enumerates the device and opens its serial line. That one
 * answers a device that waits for bytes with none, again and again; here it waits, as it does for a host without any.
 */
import { type RPUSBController, USBCDC } from "rp2040js";

export class UsbLine {
  onData: ((bytes: Uint8Array) => void) | undefined;
  readonly #usb: RPUSBController;
  /** Where the device waits for bytes, and for how many. */
  #waiting: { readonly endpoint: number; readonly capacity: number } | undefined;
  #toSend: Uint8Array = new Uint8Array(0);

  constructor(usb: RPUSBController) {
    this.#usb = usb;
    const cdc = new USBCDC(usb);
    cdc.onSerialData = (bytes) => this.onData?.(bytes);
    usb.onEndpointRead = (endpoint, capacity) => {
      // Endpoint 0 is USBCDC's, which sends nothing there.
      if (endpoint === 0) return;
      this.#waiting = { endpoint, capacity };
      this.#send();
    };
  }

  write(bytes: Uint8Array): void {
    this.#toSend = Uint8Array.from([...this.#toSend, ...bytes]);
    this.#send();
  }

  #send(): void {
    if (this.#waiting === undefined || this.#toSend.length === 0) return;
    const { endpoint, capacity } = this.#waiting;
    this.#waiting = undefined;
    const packet = this.#toSend.slice(0, capacity);
    this.#toSend = this.#toSend.slice(capacity);
    this.#usb.endpointReadDone(endpoint, packet);
  }
}
