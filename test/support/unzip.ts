import { inflateRawSync } from 'node:zlib';

/** Texts of the entries of a zip, by name, in the order of its directory (APPNOTE.TXT, 4.3). Without ZIP64. */
export function unzip(file: Buffer): Map<string, string> {
  const end = file.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end === -1) throw new Error('the file is no whole zip');
  const entries = new Map<string, string>();
  let at = file.readUInt32LE(end + 16);
  for (let left = file.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, size] = [file.readUInt32LE(at + 20), file.readUInt32LE(at + 24)];
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => file.readUInt16LE(at + field));
    const name = file.toString('utf8', at + 46, at + 46 + nameLength!);
    const local = file.readUInt32LE(at + 42);
    const from = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const content = inflateRawSync(file.subarray(from, from + packed));
    if (content.length !== size) throw new Error(`${name} has ${content.length} bytes instead of ${size}`);
    entries.set(name, content.toString('utf8'));
    at += 46 + nameLength! + extra! + comment!;
  }
  return entries;
}
