/** The spellings in which a secret might hide from a search for it. */

/** Shorter ones are found by chance. */
const shortest = 8

const isToken = /^[\w-]{10,}\.[\w-]{10,}\.([\w-]{20,})$/

/** Base64 of the text wherever it begins within what is encoded: the letters that depend on its neighbours are cut off. */
const base64Of = (bytes: Buffer, before: 0 | 1 | 2): string => {
  const skipped = [0, 2, 3][before]
  const whole = Math.floor(((before + bytes.byteLength) * 8) / 6)
  return Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .slice(skipped, whole)
}

const base64s = (bytes: Buffer): readonly string[] =>
  ([0, 1, 2] as const)
    .map((before) => base64Of(bytes, before))
    .flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])

const encodings = (bytes: Buffer): readonly string[] => {
  const hex = bytes.toString('hex')
  return [...base64s(bytes), hex, hex.toUpperCase()]
}

const urlEncoded = (secret: string): readonly string[] => {
  const encoded = encodeURIComponent(secret)
  const lower = encoded.replaceAll(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())
  return [encoded, lower, encoded.replaceAll('%20', '+')]
}

/** The key itself, where the text is 32 bytes in base64 or hex. */
const rawOf = (secret: string): readonly Buffer[] => {
  if (/^[0-9a-f]{64}$/i.test(secret)) return [Buffer.from(secret, 'hex')]
  return /^[A-Za-z0-9+/]{43}=$/.test(secret) ? [Buffer.from(secret, 'base64')] : []
}

/** A key file is as useful without its frame: its first line has the private part, the later ones are partly public. */
const linesOf = (secret: string): readonly string[] =>
  secret.startsWith('-----BEGIN') ? [secret.split('\n')[1] ?? ''] : []

/** All spellings by name; the signature stands for a token, which is worth nothing without it. */
export const spellingsOf = (secret: string): readonly string[] => {
  const lines = linesOf(secret)
  if (lines.length > 0) return lines
  const [, signature] = isToken.exec(secret) ?? []
  const all = [
    signature ?? secret,
    JSON.stringify(secret).slice(1, -1),
    ...urlEncoded(secret),
    ...encodings(Buffer.from(secret)),
    ...rawOf(secret).flatMap(encodings),
  ]
  return [...new Set(all)].filter((spelling) => spelling.length >= shortest)
}
