/** The rules that come with the product: what a new store begins with. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { ParsedRules } from '#authz/cedar/program.ts'
import type { RuleSources } from '#authz/cedar/rule-set.ts'

const folder = new URL('../policies/rules/', import.meta.url)

/** Made of the rules by `npm run policy-rules`, so that a first start need not load Cedar. */
export const preparedFile = new URL('../policies/rules.prepared.json', import.meta.url)

/** The files of a folder of rules, by name. */
export const readRuleFolder = async (from: URL): Promise<RuleSources> => {
  const files = (await readdir(from)).filter((file) => /\.(?:cedar|ya?ml|json)$/.test(file)).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, from), 'utf8')))
  return Object.fromEntries(files.map((file, i) => [file, texts[i] ?? '']))
}

export const shippedSources = (): Promise<RuleSources> => readRuleFolder(folder)

/** SHA-256 of the files. */
export const digestOf = (sources: RuleSources): Buffer =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(sources).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest()

export interface ShippedRules {
  readonly sources: RuleSources
  /** Undefined where the prepared form is not that of the files: somebody has edited them in place. */
  readonly rules: ParsedRules | undefined
}

export const readShipped = async (): Promise<ShippedRules> => {
  const sources = await shippedSources()
  const prepared = JSON.parse(await readFile(preparedFile, 'utf8')) as { digest: string; rules: ParsedRules }
  const same = prepared.digest === digestOf(sources).toString('hex')
  return { sources, rules: same ? prepared.rules : undefined }
}
