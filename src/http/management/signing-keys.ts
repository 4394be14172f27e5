/** The lines of the management face about the keys that our own tokens are signed with. */
import { Type } from 'typebox'
import type { SigningKeyFacts, SigningKeyOperations } from '#gateway/operations/management/signing-keys.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { readNothing } from './read.ts'
import { form, text, time } from './schemas.ts'

const keysForm = form('SigningKeys', {
  keys: Type.Array(
    form('SigningKey', { id: text, algorithm: text, 'active-from': time, 'active-until': time }),
  ),
})

const answerKeys = (keys: readonly SigningKeyFacts[]): Answer =>
  jsonAnswer({
    keys: keys.map(({ id, algorithm, activeFrom, activeUntil }) => ({
      ...{ id, algorithm },
      'active-from': activeFrom.toISOString(),
      'active-until': activeUntil.toISOString(),
    })),
  })

export const signingKeyEndpoints = (operations: SigningKeyOperations): readonly Endpoint[] => [
  endpoint('GET /v1/signing-key', operations.listSigningKeys, {
    declares: { summary: 'The keys that our own tokens are signed with', answers: { 200: keysForm } },
    read: readNothing,
    answer: answerKeys,
  }),
  endpoint('POST /v1/signing-key/rotate', operations.rotateSigningKeys, {
    declares: {
      summary: 'Has a new key sign from a moment on; what the others have signed stays good',
      answers: { 200: keysForm },
    },
    read: readNothing,
    answer: answerKeys,
  }),
]
