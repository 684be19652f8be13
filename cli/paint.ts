import { styleText } from "node:util";

/** Gives text a style, or leaves it alone. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

export const plain: Paint = (_, text) => text;
export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Whether the stream is a terminal that wants colours; hasColors heeds NO_COLOR and the like. */
export function wantsColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.hasColors();
}

export function seconds(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}
