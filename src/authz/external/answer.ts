/** The answer of an external decision point, read strictly: what is not an answer allows nothing. */

/** There is no answer. Its text is for the audit log: it holds nothing that the other side has said. */
export class ExternalUnanswered extends Error {
  override readonly name = 'ExternalUnanswered'
}

/** `{"result": true}` speaks for all checks, `{"result": [true, false]}` for one each. Throws for anything else. */
export const readExternalAnswer = (status: number, text: string, checks: number): readonly boolean[] => {
  if (status !== 200) throw new Error(`the external decision point answered ${status}`)
  const { result } = (JSON.parse(text) ?? {}) as { readonly result?: unknown }
  if (typeof result === 'boolean') return new Array<boolean>(checks).fill(result)
  if (Array.isArray(result) && result.length === checks && result.every((one) => typeof one === 'boolean'))
    return result as boolean[]
  throw new Error('the external decision point has given no answer to what it was asked')
}
