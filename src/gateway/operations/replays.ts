/** How finished changes are told again: nothing, a small JSON answer, or the object as it now is. */
import type { Loaded, NamespaceAnswer, PropertiesAnswer } from '#catalog/catalog.ts'
import type { Outcome } from '#model/event.ts'
import { parseJson, stringifyJson } from '#model/json.ts'
import type { Replay, Target, Task } from '../operation.ts'

/** For answers without a body. */
export const replayDone: Replay<Target, void> = {
  remember: () => ({ kind: 'done' }),
  recall: async () => undefined,
}

/** For answers of a few lines. Their text was written by us, so its form is trusted. */
export const replayJson = <Output extends NamespaceAnswer | PropertiesAnswer>(): Replay<Target, Output> => ({
  remember: (output) => ({ kind: 'json', body: stringifyJson({ ...output }) }),
  recall: async (outcome) => parseJson(outcome.kind === 'json' ? outcome.body : '{}') as unknown as Output,
})

/** For answers that show an object: it is loaded anew, and may show a later change (specification allows it). */
export const replayLoad = <T extends Target>(
  load: (task: Task<T>, outcome: Outcome) => Promise<Loaded>,
): Replay<T, Loaded> => ({
  remember: ({ metadataLocation }) =>
    metadataLocation === undefined ? { kind: 'done' } : { kind: 'metadata', metadataLocation },
  recall: (outcome, task) => load(task, outcome),
})
