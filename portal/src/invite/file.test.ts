import { expect, it } from "vitest";
import { readText } from "./file";

it.each<[what: string, bytes: number[], text: string]>([
  ["UTF-8", [0xc3, 0x89, 0x61], "Éa"],
  ["UTF-8 with a byte order mark", [0xef, 0xbb, 0xbf, 0xc3, 0x89], "É"],
  ["windows-1252", [0xc9, 0x6c, 0x6f, 0xfc], "Éloü"],
])("%s", async (_, bytes, text) => expect(await readText(new Blob([new Uint8Array(bytes)]))).toBe(text));
