/** What `unregister` showed is remembered whole: no name leads to it any more, and its file is another's from now on. */
import type { Outcome } from '#model/event.ts'
import type { Loaded } from './catalog.ts'

interface Kept {
  readonly metadataLocation?: string
  /** As text: the document is UTF-8. */
  readonly metadata: string
  readonly version: string
}

/** Without `config`: what an upstream put there may be secret, and nobody reads the table by it any more. */
export const rememberShown = ({ metadataLocation, metadata, version }: Loaded): Outcome => {
  const kept: Kept = {
    ...(metadataLocation === undefined ? {} : { metadataLocation }),
    metadata: Buffer.concat(metadata).toString(),
    version,
  }
  return { kind: 'json', body: JSON.stringify(kept) }
}

/** Undefined for an outcome that `rememberShown` did not make. */
export const recallShown = (outcome: Outcome): Loaded | undefined => {
  if (outcome.kind !== 'json') return undefined
  const { metadata, ...kept } = JSON.parse(outcome.body) as Kept
  return { ...kept, metadata: [Buffer.from(metadata)], config: {} }
}
